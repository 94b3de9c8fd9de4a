"""What a guest may see."""

from dataclasses import replace
from pathlib import Path

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.isolation import policy
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits, resource_limits
from fomrepo.isolation.orders import InputFile, RunOrder
from fomrepo.isolation.policy import guest_policy


@pytest.fixture
def order(tmp_path: Path) -> RunOrder:
    for name in ("library", "packages", "bundle"):
        (tmp_path / name).mkdir()
    for name in ("python", "libc.so.6", "data.psf"):
        (tmp_path / name).write_bytes(b"")
    environment = GuestEnvironment(
        "mdanalysis",
        "00",
        tmp_path / "python",
        (tmp_path / "library",),
        (tmp_path / "libc.so.6",),
        tmp_path / "packages",
    )
    inputs = (InputFile(tmp_path / "data.psf", "universe.topology.psf"),)
    return RunOrder("1", "method", environment, tmp_path / "bundle", inputs, RunLimits(), b"{}")


def test_a_method_sees_its_interpreter_packages_harness_bundle_and_data(order, tmp_path):
    seen = guest_policy(order)
    assert [(str(bind.source), bind.inside) for bind in seen.binds] == [
        (f"{tmp_path}/python", f"{tmp_path}/python"),
        (f"{tmp_path}/library", f"{tmp_path}/library"),
        (f"{tmp_path}/libc.so.6", f"{tmp_path}/libc.so.6"),
        (str(installed_folder("sandbox")), "/harness/sandbox"),
        (f"{tmp_path}/packages", "/env"),
        (f"{tmp_path}/bundle", "/method"),
        (f"{tmp_path}/data.psf", "/in/universe.topology.psf"),
    ]
    assert seen.program == (f"{tmp_path}/python", "-I", "-B", "-S", "/harness/sandbox/start.py")


def test_a_probe_sees_the_probes_and_no_bundle(order):
    inside = [bind.inside for bind in guest_policy(replace(order, task="probe", method_folder=None)).binds]
    assert "/harness/deposition" in inside
    assert "/method" not in inside


def test_the_hosts_packages_beside_the_standard_library_are_covered(order, tmp_path):
    (tmp_path / "library" / "site-packages").mkdir()
    assert guest_policy(order).covered == (f"{tmp_path}/library/site-packages",)


def test_no_environment_variable_comes_from_outside(order, monkeypatch):
    monkeypatch.setenv("FOMREPO_TOKEN", "secret")
    assert {name for name, _ in guest_policy(order).variables} == {
        *(
            "HOME",
            "LANG",
            "LD_LIBRARY_PATH",
            "MPLCONFIGDIR",
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "PYTHONHASHSEED",
        )
    }


@pytest.mark.parametrize(
    ("library", "named"),
    [
        ("/lib/x86_64-linux-gnu/libz.so.1", None),
        ("/usr/lib64/libz.so.1", None),
        ("/lib64/ld-linux-x86-64.so.2", None),
        ("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3", "/usr/lib/x86_64-linux-gnu/blas"),
        ("/opt/python/lib/libpython3.so", "/opt/python/lib"),
        ("/library/libz.so.1", "/library"),
    ],
)
def test_only_folders_that_the_linker_does_not_know_are_named_to_it(library, named):
    expected = () if named is None else (("LD_LIBRARY_PATH", named),)
    assert policy._linker_variables((Path(library),)) == expected


def test_an_input_that_is_a_link_is_refused(order, tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="not a regular file"):
        guest_policy(replace(order, inputs=(InputFile(tmp_path / "link", "x"),)))


def test_two_inputs_of_one_name_are_refused(order):
    with pytest.raises(ValueError, match="one name"):
        guest_policy(replace(order, inputs=order.inputs * 2))


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../x", "a\0b", "-x", "x" * 129, "a b"])
def test_a_name_inside_that_is_not_plain_is_refused(name):
    with pytest.raises(ValueError, match="name of a file inside"):
        InputFile(Path("/x"), name)


def test_an_order_survives_the_way_to_the_warden(order):
    assert RunOrder.from_plain(order.to_plain()) == replace(order, request=b"")


def test_a_limit_of_zero_is_refused():
    with pytest.raises(ValueError, match="wall_s"):
        RunLimits(wall_s=0)


def test_every_resource_that_a_guest_could_hoard_is_limited():
    import resource

    limits = dict(
        resource_limits(RunLimits(memory_bytes=1 << 30, cpu_s=7.5, processes=5, open_files=6, tmp_bytes=8192))
    )
    assert limits == {
        resource.RLIMIT_AS: 3 << 30,
        resource.RLIMIT_CPU: 9,
        resource.RLIMIT_NPROC: 5,
        resource.RLIMIT_NOFILE: 6,
        resource.RLIMIT_FSIZE: 8192,
        resource.RLIMIT_STACK: 8 << 20,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
