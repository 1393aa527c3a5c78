"""Imports a file into doccano and exports it again, by doccano's own code and without a server.

Run by test_real_tools.py in doccano's environment: ``python doccano_import_export.py IN.jsonl OUT.jsonl``.
"""

import os
import sys
import zipfile
from importlib.util import find_spec


def start(home):
    """Set doccano up with an empty database in a folder."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.production"
    os.environ["STANDALONE"] = "True"
    os.environ["DATABASE_URL"] = f"sqlite:///{home}/db.sqlite3"
    os.environ["MEDIA_ROOT"] = f"{home}/media"
    sys.path.append(find_spec("backend").submodule_search_locations[0])
    import django
    from django.core import management

    django.setup()
    management.call_command("migrate", verbosity=0)
    management.call_command("create_roles")


def import_and_export(source, target):
    """Take a file through doccano."""
    from data_export.celery_tasks import export_dataset
    from data_import.datasets import load_dataset
    from data_import.pipeline.catalog import JSONL, ArgColumn
    from data_import.pipeline.readers import FileName
    from django.contrib.auth import get_user_model
    from projects.models import ProjectType, SequenceLabelingProject

    kind = ProjectType.SEQUENCE_LABELING
    user = get_user_model().objects.create_user("a")
    project = SequenceLabelingProject.objects.create(
        name="p", project_type=kind, created_by=user, collaborative_annotation=True
    )
    defaults = ArgColumn().dict()
    dataset = load_dataset(kind, JSONL, [FileName(source, source, source)], project, **defaults)
    dataset.save(user)
    if dataset.errors:
        sys.exit(str([error.dict() for error in dataset.errors]))
    with zipfile.ZipFile(export_dataset(project.pk, JSONL.name)) as archive, open(target, "wb") as out:
        out.write(archive.read("all.jsonl"))


if __name__ == "__main__":
    start(os.environ["DOCCANO_HOME"])
    import_and_export(*sys.argv[1:])
