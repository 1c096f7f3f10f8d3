"""Two recordings of one clock are laid together by counting their samples."""

import struct

from telephony.joined_voice import JoinedVoice


class Sound:
    """A leg's audio of which only the recording matters."""

    def __init__(self) -> None:
        self.recorded = b""

    def read_record(self) -> bytes:
        came, self.recorded = self.recorded, b""
        return came

    def set_recording(self, on: bool) -> None:
        pass


def stereo(*pairs: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<2h", *pair) for pair in pairs)


def test_the_others_words_stand_on_the_right_beside_what_the_agent_says() -> None:
    sound = Sound()
    voice = JoinedVoice(sound)  # type: ignore[arg-type]

    sound.recorded = stereo((10, 1), (20, 1))

    assert voice.over(stereo((1, 5), (2, 30_000))) == stereo((1, 15), (2, 30_020))


def test_what_came_too_early_is_kept_and_what_is_missing_is_missing_from_the_beginning() -> None:
    sound = Sound()
    voice = JoinedVoice(sound)  # type: ignore[arg-type]

    sound.recorded = stereo((10, 0))
    first = voice.over(stereo((1, 0), (2, 0)))
    sound.recorded = stereo((20, 0), (30, 0))
    second = voice.over(stereo((3, 0)))
    third = voice.over(stereo((4, 0)))

    assert first + second + third == stereo((1, 0), (2, 10), (3, 20), (4, 30))


def test_two_loud_voices_are_as_loud_as_can_be() -> None:
    sound = Sound()
    voice = JoinedVoice(sound)  # type: ignore[arg-type]

    sound.recorded = stereo((30_000, 0), (-30_000, 0))

    assert voice.over(stereo((0, 30_000), (0, -30_000))) == stereo((0, 32_767), (0, -32_768))
