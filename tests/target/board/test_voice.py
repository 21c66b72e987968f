"""An agent's voice is never waited for, whatever the link does, and tells whether all was said."""

import io
import os
import threading
import time

from assess.target.board.voice import Voice
from assess.target.protocol import described, hear, pieces


def pipe():
    reader, writer = os.pipe()
    return os.fdopen(reader, "rb"), os.fdopen(writer, "wb")


def test_what_is_said_arrives_in_its_order():
    reader, writer = pipe()
    voice = Voice(writer)
    for index in range(100):
        voice.say({"number": index})
    assert voice.wait_until_said(5.0)
    assert [hear(reader)["number"] for _ in range(100)] == list(range(100))


def test_files_follow_what_announces_them(tmp_path):
    (tmp_path / "run.json").write_bytes(b"measured")
    reader, writer = pipe()
    voice = Voice(writer)
    voice.say({"outcome": 1}, ((described(tmp_path / "run.json", "run.json"), tmp_path / "run.json"),))
    voice.say({"next": 1})
    assert hear(reader) == {"outcome": 1}
    assert b"".join(pieces(reader, 8)) == b"measured"
    assert hear(reader) == {"next": 1}


def test_a_link_that_hangs_holds_nobody_up():
    reader, writer = pipe()  # Nobody reads: it is full after 64 KiB.
    voice = Voice(writer)
    begun = time.monotonic()
    for _ in range(5000):
        voice.mention({"progress": "x" * 1000})
    assert time.monotonic() - begun < 5.0
    assert not voice.gone
    assert voice._waiting.qsize() <= 200
    reader.close()


def test_what_is_said_is_not_lost_where_mentions_are():
    reader, writer = pipe()
    voice = Voice(writer)
    for _ in range(1000):
        voice.mention({"progress": "x" * 1000})
    voice.say({"outcome": 1})
    heard = []
    while "outcome" not in (message := hear(reader)):
        heard.append(message)
    assert 200 <= len(heard) < 1000


def test_waiting_for_a_link_that_hangs_has_an_end():
    reader, writer = pipe()
    voice = Voice(writer)
    voice.say({"outcome": "x" * 200_000})
    begun = time.monotonic()
    assert not voice.wait_until_said(0.2)
    assert 0.15 < time.monotonic() - begun < 5.0
    assert not voice.gone
    reader.close()


def test_a_slow_link_is_waited_for_as_long_as_it_takes_something(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 400_000)
    reader, writer = pipe()

    class Slow(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            time.sleep(0.02)
            return os.write(writer.fileno(), bytes(data[:20_000]))

    voice = Voice(io.BufferedWriter(Slow(), 20_000))
    file = (described(tmp_path / "big", "big"), tmp_path / "big")
    for _ in range(3):
        voice.say({"outcome": 1}, (file,))
    taken = threading.Thread(target=lambda: reader.read(1_200_000), daemon=True)
    taken.start()
    assert voice.wait_until_said(1.0)


def test_after_a_long_silence_it_is_waited_for_as_long_as_ever():
    reader, writer = pipe()
    voice = Voice(writer)
    for _ in range(20):
        voice._moved = time.monotonic() - 3600  # So long a measurement had nothing to tell.
        voice.say({"outcome": 1})
        assert voice.wait_until_said(5.0)
    reader.close()


def test_a_link_that_is_gone_is_noticed_and_ends_the_waiting():
    reader, writer = pipe()
    voice = Voice(writer)
    reader.close()
    voice.say({"progress": 1})
    assert not voice.wait_until_said(5.0)
    assert voice.gone


def test_a_file_that_is_gone_is_no_link_that_holds(tmp_path):
    (tmp_path / "run.json").write_bytes(b"measured")
    file = (described(tmp_path / "run.json", "run.json"), tmp_path / "run.json")
    (tmp_path / "run.json").unlink()
    reader, writer = pipe()
    voice = Voice(writer)
    voice.say({"outcome": 1}, (file,))
    assert not voice.wait_until_said(5.0)
    assert hear(reader) == {"outcome": 1}
