from __future__ import annotations

from lambdameter.emulator.gateway.outbox import MAX_BYTES, Outbox
from lambdameter.emulator.gateway.protocol import Close


async def test_it_keeps_the_order_and_a_close_comes_last():
    outbox = Outbox()
    outbox.put("a")
    outbox.put("b")
    outbox.close(Close(1000, ""))
    assert [await outbox.get() for _ in range(3)] == ["a", "b", Close(1000, "")]


async def test_what_is_being_sent_still_takes_room():
    outbox = Outbox()
    assert outbox.put("x" * MAX_BYTES)
    text = await outbox.get()
    assert not outbox.put("y")
    assert isinstance(text, str)
    outbox.sent(text)
    assert outbox.put("y")


def test_room_is_counted_in_bytes():
    assert not Outbox().put("é" * (MAX_BYTES // 2 + 1))
