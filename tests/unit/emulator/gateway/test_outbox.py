from __future__ import annotations

from lambdameter.emulator.gateway.outbox import MAX_BYTES, Outbox
from lambdameter.emulator.gateway.protocol import Close


async def test_it_keeps_the_order_and_a_close_comes_last() -> None:
    outbox = Outbox()
    outbox.put("a")
    outbox.put("b")
    outbox.close(Close(1000, ""))
    assert [await outbox.get() for _ in range(3)] == ["a", "b", Close(1000, "")]


async def test_what_is_being_sent_still_takes_room() -> None:
    outbox = Outbox()
    assert outbox.put("x" * (MAX_BYTES - 100))
    text = await outbox.get()
    assert not outbox.put("y" * 100)
    assert isinstance(text, str)
    outbox.sent(text)
    assert outbox.put("y" * 100)


def test_room_is_counted_in_bytes() -> None:
    assert not Outbox().put("é" * (MAX_BYTES // 2 + 1))


def test_messages_without_text_take_room_too() -> None:
    outbox = Outbox()
    assert not all(outbox.put("") for _ in range(MAX_BYTES))
