"""Running a method from its form, as a program that is logged in does it."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from starlette.testclient import TestClient

import fomrepo
from fomrepo.browser.snippets import Asked, command_of, python_of
from tests.browser.conftest import PATIENCE_MS, URL, World


def secret_of(page: str) -> str:
    found = re.search(r'name="secret" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def run(alice: TestClient, address: str, **arguments: str) -> str:
    """Send a form, and wait until its result is there; returns the address of the operation."""
    form = {"secret": secret_of(alice.get(address).text), **arguments}
    answer = alice.post(address, data=form, headers={"origin": URL}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    operation = answer.headers["location"]
    until = time.monotonic() + PATIENCE_MS / 1000
    while "hx-retarget" not in alice.get(f"{operation}/state").headers and time.monotonic() < until:
        time.sleep(0.1)
    return operation


def test_a_visitor_is_led_to_the_entrance_and_back(web: TestClient, world: World) -> None:
    answer = web.get(f"/run/{world.adk}.v1/adk_dims.dcd/rmsd", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?onward=%2Frun%2F{world.adk}.v1%2Fadk_dims.dcd%2Frmsd"
    assert web.get("/operations/00000000-0000-7000-8000-000000000000").status_code == 401


def test_form_result_download_and_script_have_the_same_numbers(alice: TestClient, world: World) -> None:
    address = f"/run/{world.adk}.v1/adk_dims.dcd/rmsd"
    operation = run(alice, address, select="name CA", step="7", ref_frame="3")
    page = alice.get(operation).text
    plotted = alice.get(f"{operation}/line.json").json()
    assert plotted["frames"] == list(range(0, 98, 7))
    rows = list(csv.reader(line for line in alice.get(f"{operation}/result.csv").text.splitlines() if line[0] != "#"))
    column = next(n for n, name in enumerate(rows[0]) if name.startswith("rmsd"))
    downloaded = [float(row[column]) for row in rows[1:]]
    assert downloaded == pytest.approx(plotted["lines"][0]["y"], abs=1e-9)

    script = re.search(r'<pre id="python">(.*?)</pre>', page, re.DOTALL)
    assert script is not None
    text = script[1].replace("&#39;", "'").replace("&#34;", '"')
    profile = world.profile("alice")
    variables = {"FOMREPO_ADDRESS": profile.sites[0], "FOMREPO_TOKEN": profile.token, "FOMREPO_CA": str(profile.ca)}
    done = subprocess.run(
        [sys.executable, "-c", text + "\nprint(*map(repr, r.rmsd.tolist()), sep=' ')"],
        env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(
        [float(one) for one in done.stdout.splitlines()[-1].split()], plotted["lines"][0]["y"]
    )
    command = shlex.split(html.unescape(re.findall(r'<pre id="command">(.*?)</pre>', page, re.DOTALL)[0]))
    done = subprocess.run(
        [sys.executable, "-c", "from fomrepo.cli import app; app()", *command[1:], "--json"],
        env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fields"]["rmsd"] == plotted["lines"][0]["y"]


def test_a_matrix_is_shown_as_an_image_and_taken_away(alice: TestClient, world: World, tmp_path: Path) -> None:
    operation = run(alice, f"/run/{world.adk}.v1/adk_dims.dcd/pairwise_rmsd", step="10")
    page = alice.get(operation).text
    assert f'src="{operation}/figures/rmsd.png"' in page
    widths = []
    for address in ("figures/rmsd.png?scheme=dark", "figures/rmsd.png?download", "figures/rmsd.png?narrow"):
        answer = alice.get(f"{operation}/{address}")
        assert answer.headers["content-type"] == "image/png"
        seen = imread(io.BytesIO(answer.content), format="png")
        assert seen.std() > 0.05
        widths.append(seen.shape[1])
    assert widths[0] == widths[1] > widths[2]
    (tmp_path / "result.nc").write_bytes(alice.get(f"{operation}/result.nc").content)
    rows = list(csv.reader(alice.get(f"{operation}/result.csv").text.splitlines()))
    result = fomrepo.load(tmp_path / "result.nc")
    assert result.units["rmsd"] == "angstrom"
    np.testing.assert_array_equal(np.array(rows[1:], float)[:, -10:], result.rmsd)
    assert alice.get(f"{operation}/figures/other.png").status_code == 404


def test_a_file_is_taken_away_as_it_is(alice: TestClient, world: World) -> None:
    arguments = {"select": "name CA", "step": "40", "file_format": "pdb"}
    operation = run(alice, f"/run/{world.adk}.v1/adk_dims.dcd/export", **arguments)
    assert f'href="{operation}/result.pdb"' in alice.get(operation).text
    assert alice.get(f"{operation}/result.pdb").text.count("ATOM ") == 3 * 214
    assert alice.get(f"{operation}/result.nc").status_code == 400


def test_a_call_that_was_made_elsewhere_is_found_by_its_id(alice: TestClient, world: World) -> None:
    with world.federation.connect("alice") as repo:
        future = repo[f"{world.adk}.v1"]["adk_dims.dcd"].submit["rmsd"](step=20)
        future.result(timeout=60)
    answer = alice.get("/operations", params={"id": f" {future.operation} "})
    assert "Root mean square deviation" in answer.text
    assert f"repo.operation(&#39;{future.operation}&#39;).result()" in answer.text
    assert alice.get("/operations", params={"id": "../desk"}).status_code in (400, 404)


def test_a_call_is_cancelled(alice: TestClient, world: World) -> None:
    address = f"/run/{world.adk}.v1/adk_dims.dcd/sasa"
    form = {"secret": secret_of(alice.get(address).text), "n_points": "5000"}
    operation = alice.post(address, data=form, headers={"origin": URL}, follow_redirects=False).headers["location"]
    assert "Cancel" in alice.get(operation).text
    assert alice.post(f"{operation}/cancel", data={"secret": "x"}, headers={"origin": URL}).status_code == 403
    page = alice.post(f"{operation}/cancel", data={"secret": form["secret"]}, headers={"origin": URL}).text
    assert "This call was cancelled." in page
    assert "/state" not in page


def test_a_failure_shows_where_in_the_method_it_was(alice: TestClient, world: World, tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(
        "def failing(universe, frames):\n    print('so far')\n    return {'x': [][3]}\n"
    )
    (tmp_path / "method.toml").write_text(
        'name = "failing"\nversion = "1.0.0"\nsummary = "Fails"\nentry = "failing:failing"\n'
        'environment = "mdanalysis"\n[inputs]\nuniverse = "trajectory"\n[result]\ntype = "TimeSeries"\n'
        '[result.fields.x]\ndtype = "float64"\ndims = ["frame"]\n'
    )
    with world.federation.connect("alice") as repo:
        repo[f"{world.adk}.v2"]["adk_dims2.dcd"].methods.attach(tmp_path)
    page = alice.get(run(alice, f"/run/{world.adk}.v2/adk_dims2.dcd/failing")).text
    assert "failing.py, line 3, in failing" in page
    assert "IndexError" in page
    assert "so far" in page


def test_what_is_no_line_is_not_drawn_as_one(alice: TestClient, world: World) -> None:
    operation = run(alice, f"/run/{world.adk}.v1/adk_dims.dcd/info")
    assert "n_atoms" in alice.get(operation).text
    assert alice.get(f"{operation}/line.json").status_code == 404
    assert alice.get(f"/records/{world.adk}.v1/line/adk_dims.dcd/info").status_code == 404
    assert alice.get(f"{operation}/result.exe").status_code == 400


def test_a_wrong_argument_is_told_in_the_form(alice: TestClient, world: World) -> None:
    address = f"/run/{world.adk}.v1/adk_dims.dcd/rmsd"
    for wrong in ({"step": "x"}, {"ref_frame": "1.5"}, {"select": "x" * 20_000}):
        form = {"secret": secret_of(alice.get(address).text), **wrong}
        answer = alice.post(address, data=form, headers={"origin": URL})
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text


def test_a_form_without_the_secret_runs_nothing(alice: TestClient, world: World) -> None:
    address = f"/run/{world.adk}.v1/adk_dims.dcd/rmsd"
    assert alice.post(address, data={"secret": "guessed"}, headers={"origin": URL}).status_code == 403
    assert alice.post(address, data={}, headers={"origin": "https://evil.example"}).status_code == 403


def test_nobody_sees_the_operations_of_others(alice: TestClient, web: TestClient, world: World) -> None:
    operation = run(alice, f"/run/{world.adk}.v1/adk_dims.dcd/radius_of_gyration", step="30")
    bob = TestClient(web.app, base_url=URL, raise_server_exceptions=False)
    bob.post("/login", data={"token": world.federation.token("bob")}, headers={"origin": URL})
    assert bob.get(operation).status_code == 404
    assert bob.get(f"{operation}/result.csv").status_code == 404


def test_the_same_call_as_python_and_as_a_command() -> None:
    asked = Asked(
        "FOM-402917.v1", "a file.dcd", "rmsd", "1.0.0", (), {"select": "name 'CA'", "superpose": False, "step": 2}
    )
    assert "r = file.methods['rmsd', '1.0.0'](select=\"name 'CA'\", superpose=False, step=2)" in python_of(asked)
    compile(python_of(asked), "script", "exec")
    assert command_of(asked) == (
        "fomrepo call 'FOM-402917.v1/a file.dcd' rmsd --version 1.0.0 "
        "'--select=name '\"'\"'CA'\"'\"'' --superpose=false --step=2"
    )


def test_visitors_are_shown_the_battery_of_public_files_alone(web: TestClient, world: World) -> None:
    base = f"/records/{world.adk}"
    assert web.get(f"{base}/line/adk_dims.dcd/sasa").status_code == 404
    assert web.get(f"{base}/line/adk.psf/rmsd").status_code == 404
    assert web.get(f"/records/{world.private}/moving/small.pdb/told.json").status_code == 404
    until = time.monotonic() + PATIENCE_MS / 1000
    while (answer := web.get(f"{base}/line/adk_dims.dcd/rmsd")).status_code == 202 and time.monotonic() < until:
        time.sleep(0.1)
    assert answer.json()["frames"] == list(range(98))
