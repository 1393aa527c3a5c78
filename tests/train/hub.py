"""A model hub in memory that speaks the real one's protocol over HTTP, as far as publishing and loading need it.

Large files go to and come from another host name (``localhost`` instead of ``127.0.0.1``), as the real hub's storage
does; a token that is sent there is an error.
"""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

LARGE = (".safetensors", ".onnx", ".bin", ".gz")
DATE = "2024-01-01T00:00:00.000Z"
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


@dataclass(frozen=True)
class Commit:
    id: str
    title: str
    files: dict


@dataclass
class Repo:
    private: bool
    sdk: str | None = None
    commits: dict = field(default_factory=dict)
    branches: dict = field(default_factory=dict)
    tags: dict = field(default_factory=dict)

    def add(self, title, files, branch="main"):
        id = hashlib.sha1(f"{id_of(self)}{len(self.commits)}{title}".encode()).hexdigest()
        self.commits[id] = Commit(id, title, files)
        self.branches[branch] = id
        return id

    def at(self, revision):
        id = self.branches.get(revision) or self.tags.get(revision) or revision
        if id not in self.commits:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[id]

    @property
    def files(self):
        return self.at("main").files


def id_of(repo):
    return f"{id(repo):x}"


class Refused(Exception):
    def __init__(self, status, message, code=""):
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class Hub:
    """The state, and what a test asks of it.

    Attributes:
        users: token to the namespaces it may write to, the first its owner's name.
        repos: (type, name) to repository.
        blobs: sha256 to the content of large files.
        writes: the requests that changed something, as ``"POST /api/…"``.
        leaks: requests that carried a token to the storage host.
    """

    def __init__(self):
        self.users = {"hf_owner": ["owner", "org"], "hf_other": ["other"]}
        self.readers = {"hf_reader": "reader"}
        self.repos, self.blobs = {}, {}
        self.writes, self.leaks = [], []
        self.lock = threading.RLock()
        self.url = ""

    def model(self, name):
        return self.repos["model", name]

    def space(self, name):
        return self.repos["space", name]


@contextmanager
def running_hub():
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


NAME = r"(?P<name>[^/]+/[^/]+?)"
API = rf"/api/(?P<type>model|dataset|space)s/{NAME}"
WEB = rf"/(?:(?P<type>dataset|space)s/)?{NAME}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def handle_request(self):
        body = self.read_body()
        url = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        try:
            with self.hub.lock:
                self.route(unquote(url.path), body)
        except Refused as refused:
            headers = {"X-Error-Message": refused.message, "X-Error-Code": refused.code}
            self.answer({"error": refused.message}, refused.status, **headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_request

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def route(self, path, body):
        for methods, pattern, action in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and ("GET" if self.command == "HEAD" else self.command) == methods:
                return action(self, body, **match.groupdict())
        raise Refused(404, f"no such route: {self.command} {path}")

    def answer(self, content, status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        given = {"Content-Length": len(body), **{name.replace("_", "-"): value for name, value in headers.items()}}
        given.setdefault("Content-Type", "application/json")
        for name, value in given.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_file(self, content, etag, **headers):
        """Give a file, or the part of it that is asked for."""
        headers = {"ETag": f'"{etag}"', "Content_Type": "application/octet-stream", **headers}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if part is None:
            return self.answer(content, Accept_Ranges="bytes", **headers)
        start, end = int(part[1]), min(int(part[2] or len(content) - 1), len(content) - 1)
        span = f"bytes {start}-{end}/{len(content)}"
        return self.answer(content[start : end + 1], 206, Content_Range=span, **headers)

    # Who may do what

    def owner(self):
        """Return the namespaces of the token's owner."""
        if self.token in self.hub.readers:
            return []
        if self.token not in self.hub.users:
            raise Refused(401, "Invalid credentials in Authorization header")
        return self.hub.users[self.token]

    def readable(self, type, name):
        repo = self.hub.repos.get((type or "model", name))
        seen = self.hub.users.get(self.token, [])
        if repo is None or (repo.private and name.split("/")[0] not in seen):
            raise Refused(404 if self.token else 401, "Repository not found", "RepoNotFound")
        return repo

    def writable(self, type, name):
        repo = self.readable(type, name)
        if name.split("/")[0] not in self.owner():
            raise Refused(403, "Forbidden: pass a token with write rights to this repository.")
        self.hub.writes.append(f"{self.command} {self.path}")
        return repo

    # The account and its repositories

    def whoami(self, _):
        if self.token in self.hub.readers:
            name, orgs = self.hub.readers[self.token], []
        else:
            name, *orgs = self.owner()
        self.answer({"type": "user", "name": name, "orgs": [{"name": org} for org in orgs], "auth": {}})

    def validate_card(self, body):
        content = json.loads(body)["content"]
        front = FRONT_MATTER.match(content)
        errors = []
        try:
            values = yaml.safe_load(front[1]) if front else {}
        except yaml.YAMLError as error:
            values, errors = {}, [{"message": str(error)}]
        for index in values.get("model-index", ()):
            for result in index["results"]:
                if not {"task", "dataset", "metrics"} <= set(result) or not result["dataset"].get("type"):
                    errors.append({"message": '"model-index" is incomplete'})
        self.answer({"errors": errors, "warnings": []}, 400 if errors else 200)

    def create(self, body):
        wanted = json.loads(body)
        owner = wanted["organization"] or self.owner()[0]
        if owner not in self.owner():
            message = f'You don\'t have the rights to create a model under the namespace "{owner}".'
            raise Refused(403, message)
        type, name = wanted.get("type") or "model", f"{owner}/{wanted['name']}"
        url = f"{self.hub.url}/{'' if type == 'model' else type + 's/'}{name}"
        if (type, name) in self.hub.repos:
            return self.answer({"error": "You already created this repo", "url": url}, 409)
        self.hub.writes.append(f"{self.command} {self.path}")
        repo = Repo(wanted.get("visibility") == "private", wanted.get("sdk"))
        repo.add("initial commit", {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"})
        self.hub.repos[type, name] = repo
        return self.answer({"url": url, "name": name, "id": id_of(repo)})

    def info(self, _, type, name, revision=None):
        repo = self.readable(type, name)
        commit = repo.at(revision or "main")
        self.answer(
            {
                "id": name,
                "modelId": name,
                "sha": commit.id,
                "lastModified": DATE,
                "private": repo.private,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "siblings": [{"rfilename": path} for path in sorted(commit.files)],
            }
        )

    def refs(self, _, type, name):
        repo = self.readable(type, name)

        def listed(kind, refs):
            return [{"name": ref, "ref": f"refs/{kind}/{ref}", "targetCommit": commit} for ref, commit in refs.items()]

        self.answer({"branches": listed("heads", repo.branches), "tags": listed("tags", repo.tags), "converts": []})

    def tree(self, _, type, name, revision, path):
        commit, path = self.readable(type, name).at(revision), path or ""
        inside = {file: content for file, content in commit.files.items() if file.startswith(path and f"{path}/")}
        if not inside:
            raise Refused(404, "Entry not found", "EntryNotFound")
        self.answer([entry(file, content) for file, content in sorted(inside.items())])

    def paths(self, body, type, name, revision):
        files = self.readable(type, name).at(revision).files
        asked = parse_qs(body.decode()).get("paths", ())
        self.answer([entry(path, files[path]) for path in asked if path in files])

    # Changes

    def branch(self, body, type, name, branch):
        repo = self.writable(type, name)
        if branch in repo.branches:
            raise Refused(409, "Reference already exists")
        repo.branches[branch] = repo.at((json.loads(body or b"{}")).get("startingPoint") or "main").id
        self.answer({})

    def tag(self, body, type, name, revision):
        repo, wanted = self.writable(type, name), json.loads(body)
        if wanted["tag"] in repo.tags:
            raise Refused(409, "Tag already exists")
        repo.tags[wanted["tag"]] = repo.at(revision).id
        self.answer({})

    def preupload(self, body, type, name, revision):
        commit = self.writable(type, name).at(revision)
        modes = []
        for file in json.loads(body)["files"]:
            path, known = file["path"], commit.files.get(file["path"])
            mode = "lfs" if path.endswith(LARGE) else "regular"
            oid = None if known is None else sha256(known) if mode == "lfs" else git_oid(known)
            modes.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.answer({"files": modes})

    def lfs_batch(self, body, type, name):
        self.writable(type, name)
        storage = self.hub.url.replace("127.0.0.1", "localhost")
        objects = []
        for wanted in json.loads(body)["objects"]:
            item = {"oid": wanted["oid"], "size": wanted["size"]}
            if wanted["oid"] not in self.hub.blobs:
                item["actions"] = {"upload": {"href": f"{storage}/storage/{wanted['oid']}", "header": {}}}
            objects.append(item)
        self.answer({"transfer": "basic", "objects": objects})

    def commit(self, body, type, name, branch):
        repo = self.writable(type, name)
        head = repo.at(branch)
        header, *changes = (json.loads(line) for line in body.splitlines() if line.strip())
        if header["value"].get("parentCommit") not in (None, head.id):
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(head.files)
        for change in changes:
            value = change["value"]
            if change["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif change["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            else:
                del files[value["path"]]
        id = repo.add(header["value"]["summary"], files, branch)
        url = f"{self.hub.url}/{name}/commit/{id}"
        self.answer({"success": True, "commitOid": id, "commitUrl": url, "hookOutput": ""})

    # Files

    def resolve(self, _, type, name, revision, path):
        commit = self.readable(type, name).at(revision)
        content = commit.files.get(path)
        headers = {"X_Repo_Commit": commit.id}
        if content is None:
            given = {"X_Error_Code": "EntryNotFound", "X_Error_Message": "Entry not found"}
            return self.answer({"error": "Entry not found"}, 404, **given, **headers)
        if not path.endswith(LARGE):
            return self.answer_file(content, git_oid(content), **headers)
        oid = sha256(content)
        self.hub.blobs[oid] = content
        where = f"{self.hub.url.replace('127.0.0.1', 'localhost')}/storage/{oid}"
        linked = {"X_Linked_Size": len(content), "X_Linked_Etag": f'"{oid}"'}
        return self.answer(b"", 302, Location=where, **linked, **headers)

    def store(self, body, oid):
        self.check_storage()
        if sha256(body) != oid:
            raise Refused(400, "content does not match its address")
        self.hub.blobs[oid] = body
        self.answer(b"")

    def fetch(self, _, oid):
        self.check_storage()
        self.answer_file(self.hub.blobs[oid], oid)

    def check_storage(self):
        """Storage is another host, which must not see the token."""
        if not self.headers["Host"].startswith("localhost"):
            raise Refused(404, "no storage on this host")
        if self.token:
            self.hub.leaks.append(self.path)


ROUTES = (
    ("GET", "/api/whoami-v2", Handler.whoami),
    ("POST", "/api/validate-yaml", Handler.validate_card),
    ("POST", "/api/repos/create", Handler.create),
    ("GET", rf"{API}(?:/revision/(?P<revision>[^/]+))?", Handler.info),
    ("GET", rf"{API}/refs", Handler.refs),
    ("GET", rf"{API}/tree/(?P<revision>[^/]+)(?:/(?P<path>.+))?", Handler.tree),
    ("POST", rf"{API}/paths-info/(?P<revision>[^/]+)", Handler.paths),
    ("POST", rf"{API}/branch/(?P<branch>[^/]+)", Handler.branch),
    ("POST", rf"{API}/tag/(?P<revision>[^/]+)", Handler.tag),
    ("POST", rf"{API}/preupload/(?P<revision>[^/]+)", Handler.preupload),
    ("POST", rf"{API}/commit/(?P<branch>[^/]+)", Handler.commit),
    ("POST", rf"{WEB}\.git/info/lfs/objects/batch", Handler.lfs_batch),
    ("GET", rf"{WEB}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", Handler.resolve),
    ("PUT", r"/storage/(?P<oid>[0-9a-f]{64})", Handler.store),
    ("GET", r"/storage/(?P<oid>[0-9a-f]{64})", Handler.fetch),
)  # fmt: skip


def entry(path, content):
    """Describe a file as the hub's listing does."""
    item = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
    if path.endswith(LARGE):
        item["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
    return item


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def git_oid(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
