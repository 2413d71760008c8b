"""Captions as an Advanced SubStation Alpha file (v4.00+), styled and timed like the burned-in ones.

Players that know the format (mpv, VLC, everything on libass) show them like the renderer draws them; editors can
change them. Libass describes what it takes in its ASS file format guide; times are centiseconds.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.renderer.pipeline.caption_words import glances, timed_words
from services.renderer.pipeline.direction import runs_right_to_left
from services.renderer.pipeline.handover.cues import VideoCue, video_cues
from shared.contracts.timeline import CaptionMode, CaptionStyle, Rate, Timeline
from shared.safe_area import caption_font_size, safe_area

_FAMILY = "Noto Sans"
# Libass sizes a font by its ascent and descent together, which are 1.362 em in Noto Sans.
_SIZE_FACTOR = 1.362
_BOX_PADDING, _SHADOW_DROP = 0.14, 0.035
# Border style 4 is libass's: one box behind all of an event, in the shadow's colour; 3 is one behind each word.
_OUTLINE_AND_SHADOW, _ONE_BOX = 1, 4
_LINES_FIND_THEIR_DIRECTION = -1
_POP = r"{\fscx62\fscy62\t(0,100,\fscx103\fscy103)\t(100,130,\fscx100\fscy100)}"

_STYLE_FIELDS = (
    *("Name", "Fontname", "Fontsize", "PrimaryColour", "SecondaryColour", "OutlineColour", "BackColour"),
    *("Bold", "Italic", "Underline", "StrikeOut", "ScaleX", "ScaleY", "Spacing", "Angle"),
    *("BorderStyle", "Outline", "Shadow", "Alignment", "MarginL", "MarginR", "MarginV", "Encoding"),
)


def ass(timeline: Timeline) -> str:
    """The captions in ASS form; in karaoke and highlight each word carries its time (``\\kf``, ``\\k``)."""
    lines = [
        "[Script Info]",
        f"Title: {' '.join(timeline.title.split())}",
        "ScriptType: v4.00+",
        f"PlayResX: {timeline.size.width}",
        f"PlayResY: {timeline.size.height}",
        "WrapStyle: 0",
        "ScaledBorderAndShadow: yes",
        "YCbCr Matrix: TV.709",
        "",
        "[V4+ Styles]",
        f"Format: {', '.join(_STYLE_FIELDS)}",
        f"Style: {_style(timeline)}",
        "",
        "[Events]",
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
    ]
    lines.extend(
        f"Dialogue: 0,{_time(start, timeline.rate)},{_time(end, timeline.rate)},Caption,,0,0,0,,{text}"
        for cue in video_cues(timeline)
        for start, end, text in _events(cue, timeline.caption_style, timeline.rate)
    )
    return "\n".join(lines) + "\n"


def _style(timeline: Timeline) -> str:
    style, size = timeline.caption_style, timeline.size
    right_to_left = any(runs_right_to_left(cue.text) for cue in video_cues(timeline))
    letters, area = caption_font_size(style, size), safe_area(size)
    is_timed = style.mode in (CaptionMode.KARAOKE, CaptionMode.HIGHLIGHT)
    has_box = style.box_opacity_permille > 0
    values = [
        "Caption",
        style.font.family.replace(",", " ") if style.font else _FAMILY,
        f"{letters * _SIZE_FACTOR:.1f}",
        _colour(style.highlight_colour if is_timed else style.text_colour),
        _colour(style.text_colour),
        _colour(style.outline_colour),
        _colour(style.box_colour, style.box_opacity_permille) if has_box else _colour("#000000", 500),
        *(0 if style.font else -1, 0, 0, 0, 100, 100, 0, 0),
        _ONE_BOX if has_box else _OUTLINE_AND_SHADOW,
        f"{letters * style.outline_permille / style.size_permille:.1f}",
        f"{letters * (_BOX_PADDING if has_box else _SHADOW_DROP):.1f}",
        2,
        area.left,
        size.width - area.right,
        size.height - min(area.bottom, size.height * style.baseline_permille // 1000),
        _LINES_FIND_THEIR_DIRECTION if right_to_left else 1,
    ]
    return ",".join(map(str, values))


def _events(cue: VideoCue, style: CaptionStyle, rate: Rate) -> Iterator[tuple[float, float, str]]:
    """Start and end [frames] and text of what is shown for one caption."""
    mode = style.mode
    if mode is CaptionMode.ONE_WORD:
        words = glances(timed_words(cue))
        starts = [cue.start_frame, *(round(word.start) for word in words[1:]), cue.end_frame]
        for word, start, end in zip(words, starts, starts[1:], strict=False):
            yield start, end, _POP + _escaped(word.text)
    elif mode is CaptionMode.SENTENCE:
        yield cue.start_frame, cue.end_frame, _escaped(cue.text)
    elif runs_right_to_left(cue.text):
        yield cue.start_frame, cue.end_frame, "".join(_recoloured_text(cue, style, rate))
    else:
        tag = "kf" if mode is CaptionMode.KARAOKE else "k"
        yield cue.start_frame, cue.end_frame, "".join(_timed_text(cue, tag, rate))


def _timed_text(cue: VideoCue, tag: str, rate: Rate) -> Iterator[str]:
    """Words with their lengths; what lies between them is a length of its own, so that no error adds up."""
    now = _centiseconds(cue.start_frame, rate)
    for number, word in enumerate(timed_words(cue)):
        start, end = (max(now, _centiseconds(at, rate)) for at in (word.start, word.end))
        if start > now:
            yield f"{{\\k{start - now}}}"
        yield " " if number and not word.is_glued else ""
        yield f"{{\\{tag}{end - start}}}{_escaped(word.text)}"
        now = end


def _recoloured_text(cue: VideoCue, style: CaptionStyle, rate: Rate) -> Iterator[str]:
    """Words that change colour in their time: libass fills from the left even what is read from the right."""
    plain, marked = (_colour(colour)[4:] for colour in (style.text_colour, style.highlight_colour))
    for number, word in enumerate(timed_words(cue)):
        start, end = (10 * _centiseconds(at - cue.start_frame, rate) for at in (word.start, word.end))
        end = end if style.mode is CaptionMode.KARAOKE else start + 1
        yield " " if number and not word.is_glued else ""
        yield f"{{\\1c&H{plain}&\\t({start},{end},\\1c&H{marked}&)}}{_escaped(word.text)}"


def _escaped(text: str) -> str:
    """A backslash may not begin a command, nor a brace a block of them."""
    lines = (line for line in text.splitlines() if line.strip())
    safe = (line.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}") for line in lines)
    return "\\N".join(safe)


def _colour(colour: str, opacity_permille: int = 1000) -> str:
    """``&HAABBGGRR``, where AA is how much shows through."""
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"&H{round(255 * (1000 - opacity_permille) / 1000):02X}{blue}{green}{red}"


def _centiseconds(frame: float, rate: Rate) -> int:
    return round(frame * 100 * rate.denominator / rate.numerator)


def _time(frame: float, rate: Rate) -> str:
    seconds, hundredths = divmod(_centiseconds(frame, rate), 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{hundredths:02}"
