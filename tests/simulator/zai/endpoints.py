"""What Z.ai can be asked, and what a request must look like."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulator.answer import Answer
from tests.simulator.auth import bearer
from tests.simulator.case import Call, Endpoint, Vendor
from tests.simulator.rules import Flag, ListOf, Real, Shape, Text, Whole, one_of
from tests.simulator.zai import answers
from tests.simulator.zai.cases import CASES

BASE_PATH = "/api/paas/v4"
#: Where the keys of a coding plan work, and only there.
CODING_PATH = "/api/coding/paas/v4"
_IDS = {"request_id": Text(least=1), "user_id": Text(least=6, most=128)}
MESSAGE = Shape({"role": one_of("system", "user", "assistant"), "content": Text(least=1)})
CHAT = Shape(
    {"model": one_of(*answers.CHAT_MODELS), "messages": ListOf(MESSAGE, least=1)},
    {
        **_IDS,
        "thinking": Shape({"type": one_of("enabled", "disabled")}),
        "response_format": Shape({"type": one_of("text", "json_object")}),
        "temperature": Real(0, 1),
        "top_p": Real(0.01, 1),
        "max_tokens": Whole(1, 131_072),
        "stream": Flag(),
        "stop": ListOf(Text(least=1), most=1),
    },
)
_SIZE = Text(pattern=r"\d{3,4}x\d{3,4}")
IMAGE = Shape(
    {"model": one_of("glm-image", "cogview-4-250304"), "prompt": Text(least=1)},
    {"size": _SIZE, "quality": one_of("hd", "standard"), "user_id": Text(least=6, most=128)},
)
IMAGE_TASK = Shape(
    {"model": one_of("glm-image"), "prompt": Text(least=1)}, {**IMAGE.optional, "request_id": Text(least=1)}
)
SPEECH = Shape(
    {
        "model": one_of("glm-tts"),
        "input": Text(least=1, most=1024),
        "voice": one_of("tongtong", "chuichui", "xiaochen", "jam", "kazi", "douji", "luodo"),
    },
    {
        "speed": Real(above=0),
        "volume": Real(above=0),
        "response_format": one_of("wav", "pcm"),
        "watermark_enabled": Flag(),
    },
)
#: Model -> least and most of a side, the step of both, and the most pixels.
_SIDES = {"glm-image": (1024, 2048, 32, 1 << 22), "cogview-4-250304": (512, 2048, 16, 1 << 21)}
#: Sizes the vendor lists although they break its own rule for custom ones.
_LISTED = {
    "glm-image": {"1280x1280", "1568x1056", "1056x1568", "1472x1088", "1088x1472", "1728x960", "960x1728"},
    "cogview-4-250304": {"1024x1024", "768x1344", "864x1152", "1344x768", "1152x864", "1440x720", "720x1440"},
}


def _image_faults(call: Call) -> Iterator[str]:
    size, model = call.json.get("size"), call.json["model"]
    if size is None or size in _LISTED[model]:
        return
    least, most, step, pixels = _SIDES[model]
    width, height = map(int, size.split("x"))
    for side in (width, height):
        if not least <= side <= most or side % step:
            yield f"size {size}: {model} takes sides from {least} to {most} that are multiples of {step}"
    if width * height > pixels:
        yield f"size {size} has more than {pixels} pixels"


def _known_task(call: Call) -> Iterator[str]:
    if call.simulator.tasks.find("zai", call.parts["id"]) is None:
        yield f"task {call.parts['id']} was never given out"


def _image_going_on(call: Call) -> Answer:
    """Processing the first time, then ready."""
    return answers.image_state("PROCESSING" if call.number == 1 else "SUCCESS")(call)


def _limited(call: Call, what: str) -> Answer:
    return answers.error("1302" if what == "concurrency" else "1305")(call)


ZAI = Vendor(
    name="zai",
    base_path=BASE_PATH,
    auth=bearer(),
    unknown_key=answers.error("1000"),
    limited=_limited,
    cases=CASES,
    endpoints=(
        Endpoint(name="models", method="GET", path=BASE_PATH + "/models", usual=answers.models),
        Endpoint(name="chat", method="POST", path=BASE_PATH + "/chat/completions", body=CHAT, usual=answers.chat()),
        Endpoint(
            name="image", method="POST", path=BASE_PATH + "/images/generations", body=IMAGE, check=_image_faults, usual=answers.image()
        ),
        Endpoint(
            name="image_task", method="POST", path=BASE_PATH + "/async/images/generations", body=IMAGE_TASK, check=_image_faults,
            usual=answers.image_task,
        ),
        Endpoint(
            name="image_poll", method="GET", path=BASE_PATH + "/async-result/{id}", resource="id", check=_known_task,
            usual=_image_going_on,
        ),
        Endpoint(name="voice", method="POST", path=BASE_PATH + "/audio/speech", body=SPEECH, usual=answers.speech),
        Endpoint(name="coding_models", method="GET", path=CODING_PATH + "/models", usual=answers.models),
        Endpoint(
            name="coding_chat", method="POST", path=CODING_PATH + "/chat/completions", body=CHAT, usual=answers.chat()
        ),
    ),
)  # fmt: skip
