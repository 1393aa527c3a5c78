"""What a number counts, and the role of the counted: invented sentences, the mention between 【 and 】."""

from __future__ import annotations

import time

import pytest
from marsad.inference.counted import ROLES, Counted, read_counted

CASES = [
    # The noun follows the number.
    ("قتل 【9】 جنود في كمين", "جنود", "killed"),
    ("استشهاد 【ثلاثة】 مسعفين قرب المستشفى", "مسعفين", "killed"),
    ("لقي 【عشرون】 مهاجرا مصرعهم غرقا", "مهاجرا", "killed"),
    ("أودى الانفجار بحياة 【6】 أطفال", "أطفال", "killed"),
    ("تم القضاء على 【11】 مسلحا في الوادي", "مسلحا", "killed"),
    ("أدى القصف إلى وفاة سيدة 【واحدة】", "سيدة", "killed"),
    ("تسجيل 【15】 حالة اختطاف", "حالة اختطاف", "detained"),
    ("تشييع جثامين 【4】 مقاتلين", "مقاتلين", "killed"),
    ("انتشال 【٧】 جثث من تحت الأنقاض", "جثث", "killed"),
    ("راح ضحيته 【15】 مدنيا", "مدنيا", "killed"),
    ("سقوط 【12】 شهيداً في الغارة", "شهيداً", "killed"),
    ("أسفر عن إصابة 【ثمانية】 عمال", "عمال", "wounded"),
    ("وأصيب 【40】 متظاهرا بحالات اختناق", "متظاهرا", "wounded"),
    ("جرح 【شرطيان】 في تبادل إطلاق النار", "شرطيان", "wounded"),
    ("وصل إلى المستشفى 【60】 جريحا", "جريحا", "wounded"),
    ("تسجيل 【22】 إصابة بالرصاص الحي", "إصابة", "wounded"),
    ("اعتقال 【14】 شابا في مداهمات الفجر", "شابا", "detained"),
    ("ألقت الشرطة القبض على 【5】 مطلوبين", "مطلوبين", "detained"),
    ("أسر 【ستة】 جنود خلال المعركة", "جنود", "detained"),
    ("خطف مسلحون 【3】 مهندسين من موقع العمل", "مهندسين", "detained"),
    ("احتجاز 【30】 صيادا", "صيادا", "detained"),
    ("وما زال 【18】 مفقودا تحت الركام", "مفقودا", "missing"),
    ("فقدان 【ثلاثة】 بحارة قبالة الساحل", "بحارة", "missing"),
    ("نزوح 【1200】 عائلة من ريف المدينة", "عائلة", "displaced"),
    ("ونزح 【آلاف】 المدنيين نحو الشمال", "المدنيين", "displaced"),
    ("تهجير 【90】 أسرة", "أسرة", "displaced"),
    ("يؤوي المخيم 【2500】 نازح", "نازح", "displaced"),
    ("تحرير 【20】 رهينة من قبضة الخاطفين", "رهينة", "other"),
    ("إطلاق سراح 【8】 معتقلين", "معتقلين", "other"),
    ("إنقاذ 【45】 مهاجرا قبالة السواحل", "مهاجرا", "other"),
    # Things have the role of their kind.
    ("إطلاق 【35】 صاروخا باتجاه القاعدة", "صاروخا", "weapons"),
    ("عثر على 【10】 ألغام مضادة للدبابات", "ألغام", "weapons"),
    ("مصادرة 【20】 قطعة سلاح", "قطعة سلاح", "weapons"),
    ("سقوط 【قذيفتين】 على الحي", "قذيفتين", "weapons"),
    ("مصادرة 【25】 بندقية", "بندقية", "weapons"),
    ("انفجار 【3】 سيارات مفخخة", "سيارات", "weapons"),
    ("تدمير 【4】 دبابات في المعركة", "دبابات", "vehicles"),
    ("احترقت 【6】 سيارات مدنية", "سيارات", "vehicles"),
    ("أسقطت الدفاعات 【طائرتين】", "طائرتين", "vehicles"),
    ("وشاركت في العرض 【18】 مروحية", "مروحية", "vehicles"),
    ("أسقطت الدفاعات 【5】 مسيرات فوق الميناء", "مسيرات", "vehicles"),
    ("احتجاز 【3】 زوارق صيد", "زوارق", "vehicles"),
    ("شن الطيران 【عشرات】 الغارات على الجبهة", "الغارات", "strikes"),
    ("نفذت المدفعية 【9】 ضربات", "ضربات", "strikes"),
    ("هز المدينة 【انفجاران】 عنيفان", "انفجاران", "strikes"),
    ("تبنى التنظيم 【هجومين】 انتحاريين", "هجومين", "strikes"),
    ("تدمير 【7】 منازل في القرية", "منازل", "other"),
    ("سيطرت القوات على 【أربع】 قرى", "قرى", "other"),
    # The noun stands before the number.
    ("مقتل جندي 【واحد】 بنيران قناص", "جندي", "killed"),
    ("إصابة امرأتين 【اثنتين】", "امرأتين", "wounded"),
    ("مقتل الرجال 【الأربعة】 في الكمين", "الرجال", "killed"),
    ("وقعت غارة 【واحدة】 فجرا", "غارة", "strikes"),
    ("مقتل أفراد الطاقم 【الخمسة】", "أفراد الطاقم", "killed"),
    ("مقتل الركاب الـ【24】 في الحادث", "الركاب", "killed"),
    ("أصيب أطفالها 【الثلاثة】", "أطفالها", "wounded"),
    # The partitive.
    ("مقتل 【8】 من عناصر الحاجز", "عناصر", "killed"),
    ("أصيب 【اثنان】 من الحراس", "الحراس", "wounded"),
    ("أسر 【العشرات】 من المسلحين", "المسلحين", "detained"),
    ("مقتل 【ثلاثة】 منهم", None, "killed"),
    ("مقتل 【ثلاثة】 من أصل عشرة", None, "killed"),
    ("مقتل 【10】 على الأقل من المهاجمين", "المهاجمين", "killed"),
    ("نزوح 【300】 من المدينة", None, "displaced"),
    # Ellipsis.
    ("مقتل 【4】 جنود وجرح 11 آخرين", "جنود", "killed"),
    ("مقتل 4 جنود وجرح 【11】 آخرين", "آخرين", "wounded"),
    ("مقتل 7 عناصر فضلا عن أسر 【9】 آخرين", "آخرين", "detained"),
    ("خلف الهجوم مقتل 【6】 وإصابة 14", None, "killed"),
    ("خلف الهجوم مقتل 6 وإصابة 【14】.", None, "wounded"),
    ("مقتل وإصابة 【العشرات】", None, "killed"),
    ("قتل وأصيب 【20】 شخصا", "شخصا", "killed"),
    ("8 قتلى و【17】 جريحا", "جريحا", "wounded"),
    ("【8】 قتلى و17 جريحا", "قتلى", "killed"),
    ("8 قتلى و【17】", None, "killed"),
    ("سقط 【30】 بين قتيل وجريح", None, "killed"),
    ("وفاة 【3】 جرحى في المستشفى", "جرحى", "killed"),
    ("لقي شخص مصرعه وأصيب 【12】 آخرون", "آخرون", "wounded"),
    # The event follows the people.
    ("قال الطبيب إن 【13】 شخصا قتلوا في القصف", "شخصا", "killed"),
    ("وأكد أن 【خمسة】 عمال أصيبوا بجروح طفيفة", "عمال", "wounded"),
    ("أعلن أن 【9】 موظفين اختطفوا أمس", "موظفين", "detained"),
    ("قال إن 【4】 جنود لقوا حتفهم", "جنود", "killed"),
    ("قال إن 【3】 مسلحين قتلوا 5 جنود", "مسلحين", None),
    ("ذكر أن 【عائلتين】 نزحتا", "عائلتين", None),
    # The event reaches through بينهم and across a list.
    ("مقتل 16 مدنيا بينهم 【5】 أطفال", "أطفال", "killed"),
    ("إصابة 12 جنديا منهم 【ضابطان】", "ضابطان", "wounded"),
    ("مقتل 4 مسلحين و【3】 مدنيين", "مدنيين", "killed"),
    ("ارتفع عدد الجرحى إلى 【70】", None, "wounded"),
    ("ارتفعت حصيلة القتلى إلى أكثر من 【خمسين】 شخصا", "شخصا", "killed"),
    # Nothing is said of them.
    ("شارك 【500】 متطوع في البحث", "متطوع", None),
    ("هاجم 【عشرة】 مسلحين المخفر", "مسلحين", None),
    ("وتجمع 【المئات】 في الساحة", None, None),
    ("نفذ العملية 【3】 عناصر", "عناصر", None),
    ("قتل قائد ميداني. وشارك 【200】 شخص في الجنازة", "شخص", None),
    ("وبقي 【15】، بحسب المصدر", None, None),
    # Marks, quotation marks, words without a space between.
    ("مَقْتَل 【ثلاثَة】 جُنُودٍ", "جُنُودٍ", "killed"),
    ("مقتل 【30】 «مسلحا» في الوادي", "مسلحا", "killed"),
    ("إصابة 【14】طفلا", "طفلا", "wounded"),
    ("تفكيك 【عشرات】 #الألغام", "الألغام", "weapons"),
    ("مقتل 【19】 فلسطينيا و4 لبنانيين", "فلسطينيا", "killed"),
    ("وأطلقوا 【16】 برميلا متفجرا", "برميلا", "weapons"),
]


def _unmark(marked: str) -> tuple[str, int, int]:
    start, end = marked.index("【"), marked.index("】") - 1
    return marked.replace("【", "").replace("】", ""), start, end


def test_cases() -> None:
    """Each mention has the counted noun and the role beside it; all that do not are listed at once."""
    wrong = []
    for marked, noun, role in CASES:
        text, start, end = _unmark(marked)
        counted = read_counted(text, start, end)
        found = None if counted.start is None else text[counted.start : counted.end]
        if (found, counted.role) != (noun, role):
            wrong.append(f"{marked}: {found} {counted.role}, expected {noun} {role}")
    assert not wrong, "\n".join(wrong)


def test_roles_are_closed() -> None:
    """The cases exercise every role and no other."""
    assert {role for *_, role in CASES if role} == set(ROLES)


def test_sentence_end_cuts_off() -> None:
    """An event in another sentence gives no role."""
    text, start, end = _unmark("انتهت المعركة بمقتل القائد.\nو【20】 شخصا في انتظار النتيجة")
    assert read_counted(text, start, end).role is None


@pytest.mark.parametrize(
    "text", ["", "5", "و5", "5.", "5 ", "الـ5", "٥،", "5 من", "من 5 من", "على 5 على", "5 ء", "ء 5"]
)
def test_nothing_to_count(text: str) -> None:
    """A number without a noun has none, and the edges of a text are no error."""
    start = next((offset for offset, char in enumerate(text) if char.isdigit()), 0)
    assert read_counted(text, start, min(len(text), start + 1)) == Counted(None, None, None)


def test_proclitics_stay_outside() -> None:
    """The noun before واحد is given without the particles written onto it."""
    text, start, end = _unmark("تعرضت البلدة لغارة 【واحدة】")
    counted = read_counted(text, start, end)
    assert text[counted.start : counted.end] == "غارة"
    assert counted.role == "strikes"


def test_speed() -> None:
    """A mention takes well under a millisecond, however long the article."""
    filler = "وتحدثت المصادر عن هدوء حذر في المنطقة بعد ساعات من القتال " * 500
    text, start, end = _unmark(filler + "وأسفرت المعارك عن مقتل 【25】 عنصرا من الطرفين " + filler)
    repeats = 200
    began = time.perf_counter()
    for _ in range(repeats):
        read_counted(text, start, end)
    assert (time.perf_counter() - began) / repeats < 1e-3
