"""Text: content becomes a title and comes back, and what a title cannot hold is neither lost nor overwritten."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.days import hour
from conformance.scene import Scene
from pipeline.team import ANN, BOB, old, own

LONG = " ".join(f"point {n} of the agenda," for n in range(20))
HTML = (
    "<p>Visit&nbsp;R&amp;D</p><script>alert(1)</script>"
    '<p>then <b>lunch</b> <img src="map.png"/> <a href="https://files.example/offer.pdf">offer.pdf</a></p>'
)


@behaviour(
    "F4",
    "C2",
    says="Content that is too long for a title goes out cut, and no other edit in Outlook cuts it in ShareCRM",
)
def test_a_cut_title_does_not_come_back(scene: Scene) -> None:
    scene.given(crm_events=[old(LONG, id="long")])
    mine = scene.event(ANN)
    assert LONG.startswith(mine["subject"])
    assert 200 < len(mine["subject"]) <= 255
    scene.outlook().move(mine["id"], hour(4).isoformat()[:19], hour(5).isoformat()[:19])
    scene.then(crm=[LONG], outlook={ANN: [mine["subject"]]}, mails=[], writes={"crm update": 1})


@behaviour("F4", "C7", says="A change in ShareCRM beyond what a title can show writes nothing in Outlook")
def test_a_change_behind_the_cut(scene: Scene) -> None:
    scene.given(crm_events=[old(LONG, id="long")])
    cut = scene.event(ANN)["subject"]
    scene.crm().rename("long", f"{LONG} and one more")
    scene.then(crm=[f"{LONG} and one more"], outlook={ANN: [cut]}, mails=[], writes={})


@behaviour(
    "C2",
    "F4",
    says="A cut title that is written anew in Outlook replaces all of it; the former content is kept in history",
)
def test_a_cut_title_written_anew(scene: Scene) -> None:
    scene.given(crm_events=[old(LONG, id="long")])
    scene.outlook().rename(scene.event(ANN)["id"], "Called off, new date follows")
    said = ["Called off, new date follows"]
    scene.then(crm=said, outlook={ANN: said}, mails=[], writes={"crm update": 1})
    assert scene.yielded() == [LONG]


FAMILY = "👩\u200d👩\u200d👧"


@behaviour("F4", says="A title is never cut within a character: {what}")
@pytest.mark.parametrize(
    ("what", "title", "sent"),
    [
        ("a family of emoji", "x" * 252 + FAMILY, "x" * 252),
        ("a flag", "x" * 254 + "🇨🇳", "x" * 254),
        ("a letter with its accent", "x" * 254 + "e\u0301", "x" * 254),
        ("a Hindi syllable", "x" * 254 + "का", "x" * 254),
        ("Chinese", "会" * 300, "会" * 255),
    ],
)
def test_no_character_is_cut(scene: Scene, what: str, title: str, sent: str) -> None:
    scene.before_first_sync(crm_events=[old(title)])
    scene.then(crm=[title], outlook={ANN: [sent]}, mails=[], writes={"outlook create": 1})


@behaviour("F4", says="Emoji and Chinese characters are the same on both sides, both ways")
def test_emoji_and_chinese(scene: Scene) -> None:
    scene.before_first_sync(
        crm_events=[old(f"拜访客户 {FAMILY}", id="visit")], outlook_events=[own("电话会议 🎉", hours=2)]
    )
    said = [f"拜访客户 {FAMILY}", "电话会议 🎉"]
    scene.then(crm=said, outlook={ANN: said}, mails=[], writes={"outlook create": 1, "crm create": 1})


@behaviour("F4", "C2", says="An Outlook event without a title has a placeholder in ShareCRM, and stays without one")
def test_an_empty_title(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own("")])
    scene.then(crm=["(no title)"], outlook={ANN: [""]}, mails=[], writes={"crm create": 1})
    (record,) = scene.work.records()
    scene.crm().change(record["id"], private=True)
    scene.then(crm=["(no title)"], outlook={ANN: [""]}, mails=[], writes={"outlook update": 1})


@behaviour("F4", "C5", says="A title deleted in Outlook becomes the placeholder; a new one in ShareCRM goes out again")
def test_a_title_that_is_emptied_and_given_anew(scene: Scene) -> None:
    scene.given(crm_events=[old(id="visit")])
    scene.outlook().rename(scene.event(ANN)["id"], "")
    scene.then(crm=["(no title)"], outlook={ANN: [""]}, mails=[], writes={"crm update": 1})
    scene.crm().rename("visit", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1})


@behaviour("F4", says="A tenant may name its own placeholder for events without a title")
def test_the_tenants_own_placeholder(scene: Scene) -> None:
    scene.work.configure(empty_title="无标题")
    scene.before_first_sync(outlook_events=[own("")])
    scene.then(crm=["无标题"], outlook={ANN: [""]}, mails=[], writes={"crm create": 1})


@behaviour(
    "F4", says="Content in HTML goes out as its words, without code; its files stay behind, and the report says so once"
)
def test_html_content(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old(HTML, id="visit")])
    scene.then(
        crm=[HTML],
        outlook={ANN: ["Visit R&D then lunch"]},
        mails=[],
        writes={"outlook create": 1},
        reports=("2 files were left out of its title",),
        agree=False,  # the second opinion reads no HTML
    )
    assert "left out of its title" not in str(scene.work.report())


@behaviour("F4", "C2", says="A new title from Outlook replaces the words of a record and keeps its pictures and files")
def test_files_stay_in_the_content(scene: Scene) -> None:
    scene.given(crm_events=[old(HTML, id="visit")], agree=False)
    scene.outlook().rename(scene.event(ANN)["id"], "Visit R&D, no lunch")
    kept = '<p>Visit R&amp;D, no lunch</p><img src="map.png"/><a href="https://files.example/offer.pdf">offer.pdf</a>'
    scene.then(
        crm=[kept],
        outlook={ANN: ["Visit R&D, no lunch"]},
        mails=[],
        writes={"crm update": 1},
        agree=False,  # the second opinion reads no HTML
    )


@behaviour("F4", says="A record that is nothing but a picture goes out without a title and keeps its picture")
def test_only_a_picture(scene: Scene) -> None:
    picture = '<p><img src="map.png"/></p>'
    scene.before_first_sync(crm_events=[old(picture)])
    scene.then(
        crm=[picture],
        outlook={ANN: [""]},
        mails=[],
        writes={"outlook create": 1},
        reports=("1 file was left out of its title",),
        agree=False,  # the second opinion reads no HTML
    )


@behaviour("F4", "C3", says="Several lines of content are one line in Outlook and stay several in ShareCRM")
def test_several_lines(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit\n  with the team\r\n", id="visit")])
    scene.outlook().change(scene.event(ANN)["id"], sensitivity="private")
    scene.then(
        crm=["Visit\n  with the team\r\n"],
        outlook={ANN: ["Visit with the team"]},
        mails=[],
        writes={"crm update": 1},
    )


@behaviour("F4", "C7", says="A title that looks like HTML is shown as it was typed, on both sides")
def test_a_title_that_looks_like_markup(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own("Use the <br> tag & <b>more</b>")])
    scene.then(
        crm=["<p>Use the &lt;br&gt; tag &amp; &lt;b&gt;more&lt;/b&gt;</p>"],
        outlook={ANN: ["Use the <br> tag & <b>more</b>"]},
        mails=[],
        writes={"crm create": 1},
        agree=False,  # the second opinion reads no HTML
    )


@behaviour(
    "C3", "E10", says="What people write into the text of an Outlook event stays theirs and changes nothing elsewhere"
)
def test_the_body_is_not_compared(scene: Scene) -> None:
    scene.given(crm_events=[old(id="visit", attendees=[BOB])])
    notes = {"contentType": "html", "content": "<b>my notes</b>"}
    scene.outlook().change(scene.event(ANN)["id"], body=notes)
    scene.crm().rename("visit", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 2})
    assert "my notes" in scene.event(ANN)["body"]["content"]


@behaviour("C3", "C7", says="A server that stores blanks its own way ({way}, late: {late}) has edited no title")
@pytest.mark.parametrize("way", ["trimmed", "nbsp"])
@pytest.mark.parametrize("late", [False, True])
def test_a_server_that_rewrites_titles(scene: Scene, way: str, late: bool) -> None:
    scene.before_first_sync(crm_events=[old("  Big   visit ", id="visit")])
    scene.work.box.set_microsoft(subjects=way, late_rewrite=late)
    blank = "\u00a0" if way == "nbsp" else " "
    shown = f"Big{blank}visit"
    scene.then(crm=["  Big   visit "], outlook={ANN: [shown]}, mails=[], writes={"outlook create": 1})
    scene.outlook().change(scene.event(ANN)["id"], sensitivity="private")
    scene.then(crm=["  Big   visit "], outlook={ANN: [shown]}, mails=[], writes={"crm update": 1})


SERVERS = [("nfc", "Cafe\u0301 R2", "Caf\u00e9 R2"), ("plain", "Visit 🎉", "Visit ?"), ("clipped", "x" * 24, "x" * 20)]


@behaviour("C2", "C7", "F4", says="A Microsoft that keeps a title otherwise ({way}) and touches its event is at rest")
@pytest.mark.parametrize(("way", "title", "shown"), SERVERS)
def test_microsoft_keeps_it_otherwise(scene: Scene, way: str, title: str, shown: str) -> None:
    scene.before_first_sync(crm_events=[old(title, id="visit", attendees=[BOB])])
    scene.work.box.set_microsoft(subjects=way, late_touch=True)
    kept, both = {"agree": False}, {ANN: [shown], BOB: [shown]}
    scene.then(crm=[title], outlook=both, mails=[], writes={"outlook create": 2}, **kept)
    scene.crm().change("visit", private=True)
    scene.then(crm=[title], outlook=both, mails=[], writes={"outlook update": 2}, **kept)
    scene.outlook(BOB).rename(scene.event(BOB)["id"], "Mine")  # his copy does not speak
    scene.then(crm=[title], outlook=both, mails=[], writes={"outlook update": 1}, **kept)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes={"crm update": 1, "outlook update": 1})


@behaviour("C2", "C7", "F4", says="A ShareCRM that keeps a content otherwise ({way}) and touches its record is at rest")
@pytest.mark.parametrize(("way", "title", "kept"), SERVERS)
def test_sharecrm_keeps_it_otherwise(scene: Scene, way: str, title: str, kept: str) -> None:
    scene.before_first_sync(outlook_events=[own(title)])
    scene.work.box.set_sharecrm(contents=way, late_touch=True)
    scene.then(crm=[kept], outlook={ANN: [title]}, mails=[], writes={"crm create": 1}, agree=False)
    scene.outlook().change(scene.event(ANN)["id"], sensitivity="private")
    scene.then(crm=[kept], outlook={ANN: [title]}, mails=[], writes={"crm update": 1}, agree=False)
    scene.crm().rename(scene.work.records()[0]["id"], "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1})


@behaviour(
    "C9",
    "C7",
    says="One-way with `drift: revert`: what {side} keeps otherwise ({way}) is no drift, what a person writes there is",
)
@pytest.mark.parametrize("side", ["Microsoft", "ShareCRM"])
@pytest.mark.parametrize(("way", "title", "kept"), SERVERS)
def test_a_kept_title_is_no_drift(scene: Scene, side: str, way: str, title: str, kept: str) -> None:
    microsoft = side == "Microsoft"
    scene.work.configure(direction="crm_to_outlook" if microsoft else "outlook_to_crm", drift="revert")
    planted = {"crm_events": [old(title, id="visit")]} if microsoft else {"outlook_events": [own(title)]}
    scene.before_first_sync(**planted)
    told = scene.work.box.set_microsoft if microsoft else scene.work.box.set_sharecrm
    told(late_touch=True, **{"subjects" if microsoft else "contents": way})
    crm, outlook = ([title], {ANN: [kept]}) if microsoft else ([kept], {ANN: [title]})
    receives = "outlook" if microsoft else "crm"
    scene.then(crm=crm, outlook=outlook, mails=[], writes={f"{receives} create": 1}, agree=False)
    if microsoft:
        scene.outlook().rename(scene.event(ANN)["id"], "Mine")
    else:
        scene.crm().rename(scene.work.records()[0]["id"], "Mine")
    scene.then(crm=crm, outlook=outlook, mails=[], writes={f"{receives} update": 1}, agree=False)


@behaviour("C3", "C7", says="A server that composes accents after it has answered has edited no title")
def test_accents_composed_late(scene: Scene) -> None:
    title, shown = SERVERS[0][1:]
    scene.before_first_sync(crm_events=[old(title, id="visit", attendees=[BOB])])
    scene.work.box.set_microsoft(subjects="nfc", late_rewrite=True)
    both = {ANN: [shown], BOB: [shown]}
    scene.then(crm=[title], outlook=both, mails=[], writes={"outlook create": 2}, agree=False)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    both = {ANN: ["Demo"], BOB: ["Demo"]}
    scene.then(crm=["Demo"], outlook=both, mails=[], writes={"crm update": 1, "outlook update": 1})
