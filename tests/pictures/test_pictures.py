"""Pictures are well-formed, escaped, and show what they say."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.callbacks import History
from maskseq.data.pictured import chosen, saved
from maskseq.models.mask_flow import mask_flow
from maskseq.pictures.bars import bars
from maskseq.pictures.curves import curves
from maskseq.pictures.flow import Arrow, Box, flow
from maskseq.pictures.html import block, table

SVG = "{http://www.w3.org/2000/svg}"


class Reader(HTMLParser):
    """Refuses tags that do not match, and keeps the text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.words, self.tags = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def rectangles(picture):
    return [
        {k: float(v) for k, v in x.attrib.items() if k in ("x", "y", "width")}
        for x in ET.fromstring(picture).iter(f"{SVG}rect")
    ]


def test_bars_are_as_long_as_the_sequences():
    found = rectangles(bars([3, 12, 6]))
    assert [x["width"] / found[0]["width"] for x in found[1::2]] == pytest.approx(
        [1, 0.5, 0.25], abs=1e-3
    )


@pytest.mark.parametrize("lengths", [[], [0], [0, 0], [7]])
def test_bars_of_nothing(lengths):
    assert len(rectangles(bars(lengths))) == 2 * len(lengths)


def test_many_lengths_are_chosen_evenly():
    lengths = np.random.default_rng(0).permutation(1001)
    found = chosen(lengths, 11)
    assert found == list(range(1000, -1, -100))
    assert chosen(np.array([2, 9]), 11) == [9, 2] and chosen(np.array([], int)) == []


def test_padding_that_is_saved():
    assert saved(np.array([4, 1, 3])) == "padding saved: 33.3%, 4 of 12 cells"
    assert saved(np.array([], int)) == saved(np.array([0])) == "no steps"


def test_curves_stand_at_their_values():
    picture = curves({"loss": [4.0, 2.0, 3.0], "val": [float("nan"), 1.0]}, "both")
    lines = [x.attrib["points"] for x in ET.fromstring(picture).iter(f"{SVG}polyline")]
    first = [tuple(map(float, point.split(","))) for point in lines[0].split()]
    assert len(lines[1].split()) == 1  # NaN has no place
    (x0, y0), (x1, y1), (x2, y2) = first
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert (y1 - y0) / (y2 - y1) == pytest.approx(-2, abs=0.02)  # down is larger
    ET.fromstring(curves({}, "none")), ET.fromstring(curves({"a": []}, "none"))


def test_curves_on_a_logarithmic_scale():
    picture = curves({"apart": [0.0, 1e-6, 1e-4, 1.0]}, "log", log=True)
    points = next(ET.fromstring(picture).iter(f"{SVG}polyline")).attrib["points"].split()
    (_, y0), (_, y1), (_, y2) = (map(float, point.split(",")) for point in points)  # 0 has no place
    assert (y0 - y1) / (y1 - y2) == pytest.approx(2 / 4, abs=0.02)
    ET.fromstring(curves({"a": [0.0]}, "none", log=True))


def test_what_a_user_named_is_escaped():
    name = '<script>alert("1")</script>\x1b'
    for page in (table([name], [[name]]), block(name), flow([Box(name, name)], [])):
        assert "<script" not in page and "\x1b" not in page
        Reader(page)


def test_boxes_do_not_overlap_and_arrows_go_down():
    edges = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 5), (0, 5), (4, 6), (5, 6)]
    picture = flow([Box(str(i), "") for i in range(7)], [Arrow(a, b, True) for a, b in edges])
    found = rectangles(picture)
    assert len({(x["x"], x["y"]) for x in found}) == 7
    for a in found:
        for b in found:
            assert a is b or a["y"] != b["y"] or abs(a["x"] - b["x"]) > a["width"]
    assert all(found[a]["y"] < found[b]["y"] for a, b in edges)


def test_arrows_around_a_box_stay_within_the_picture():
    """The middle of a curve lies three quarters of the way to its inner points."""
    picture = ET.fromstring(
        flow(
            [Box(str(i), "") for i in range(3)],
            [Arrow(0, 1, True), Arrow(0, 2, True), Arrow(1, 2, True)],
        )
    )
    width = float(picture.attrib["viewBox"].split()[2])
    curves = [
        [float(x) for x in re.findall(r"[-\d.]+(?=,)", x.attrib["d"])]
        for x in picture.iter(f"{SVG}path")
    ]
    reach = [(start + 3 * first + 3 * second + end) / 8 for start, first, second, end in curves]
    boxes = max(x["x"] + x["width"] for x in rectangles(ET.tostring(picture)))
    assert boxes + 5 < max(reach) < width - 1


def tagger():
    ids = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(10, 4, mask_zero=True)(ids)
    y = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)])
    lost = layers.LSTM(3)(layers.Reshape((-1, 2))(y))
    return maskseq.Model(ids, [layers.GlobalAveragePooling1D()(y), lost])


@pytest.mark.filterwarnings("ignore")
def test_a_mask_is_followed_through_a_model():
    boxes, arrows = mask_flow(tagger())
    names = [re.sub(r"_\d+$", "", box.name) for box in boxes]
    assert names == [
        "input_layer",
        "embedding",
        "multi_head_attention",
        "add",
        "global_average_pooling1d",
        "reshape",
        "lstm",
    ]
    assert [names[i] for i, box in enumerate(boxes) if box.loses] == ["reshape"]
    along = {(names[a.start], names[a.end]): a.masked for a in arrows}
    assert along == {
        ("input_layer", "embedding"): False,
        ("embedding", "multi_head_attention"): True,
        ("embedding", "add"): True,
        ("multi_head_attention", "add"): True,
        ("add", "global_average_pooling1d"): True,
        ("add", "reshape"): True,
        ("reshape", "lstm"): False,
    }


@pytest.mark.filterwarnings("ignore")
def test_notebooks_are_given_html():
    history = History()
    for epoch in range(30):
        history.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "val_loss": 2.0, "lr": 0.1})

    class Own(maskseq.Model):
        def call(self, x):
            return x

    own = Own()
    own(np.zeros((1, 2)))
    shown = {
        "model": (tagger(), "embedding"),
        "not built": (maskseq.Sequential([layers.Dense(2)]), "dense"),
        "of a user": (own, "Total params: 0"),
        "ragged": (maskseq.Ragged.from_list([[1, 2], [3]]), "padding saved: 25.0%"),
        "empty": (maskseq.Ragged.from_list([]), "no steps"),
        "history": (history, "the last 20 of 30 epochs"),
        "no epoch": (History(), "History"),
    }
    for name, (value, words) in shown.items():
        page = Reader(value._repr_html_())
        assert words in " ".join(page.words), name
