"""What MiniMax tells about an account: models, balance, plan, voices."""

from __future__ import annotations

from tests.simulator.answer import Answer, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.minimax.envelope import SUCCESS


def models(_: Call) -> Answer:
    names = CHAT_MODELS
    return json_answer(
        {"object": "list", "data": [{"id": name, "object": "model", "created": 1} for name in names]}
    )


def balance(amount: str) -> Recipe:
    return lambda _: json_answer(
        {
            "available_amount": amount, "cash_balance": amount, "voucher_balance": "0.00", "credit_balance": "0.00",
            "owed_amount": "0.00", "base_resp": SUCCESS,
        }
    )  # fmt: skip


def plan_remains(call: Call) -> Answer:
    begin = int(call.simulator.clock.now().timestamp() * 1000)
    window = {"start_time": begin, "end_time": begin + 18_000_000, "remains_time": 18_000_000}
    counts = {"current_interval_total_count": 1_500, "current_interval_usage_count": 40}
    return json_answer({"model_remains": [{"model_name": "MiniMax-M3", **window, **counts}], "base_resp": SUCCESS})


def voices(_: Call) -> Answer:
    names = ("English_expressive_narrator", "German_FriendlyMan", "Chinese (Mandarin)_News_Anchor")
    listed = [{"voice_id": name, "voice_name": name.replace("_", " "), "description": []} for name in names]
    return json_answer({"system_voice": listed, "voice_cloning": [], "voice_generation": [], "base_resp": SUCCESS})


CHAT_MODELS = (
    "MiniMax-M3", "MiniMax-M2.7", "MiniMax-M2.7-highspeed", "MiniMax-M2.5", "MiniMax-M2.5-highspeed",
    "MiniMax-M2.1", "MiniMax-M2.1-highspeed", "MiniMax-M2",
)  # fmt: skip
