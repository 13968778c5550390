"""The house: what the wheel ships, and that the import contracts catch what they are there for."""

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import paxos
from redpaxos import simulation
from redpaxos.simulation import judges, parts, plans, runs, users

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("redpaxos", "actors", "transport", "paxos")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """A copy of the four packages that a test may spoil."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def broken_contract(tree: Path, contract: str) -> str:
    """The linter's report on a tree that breaks the contract."""
    linter = Path(sysconfig.get_path("scripts"), "lint-imports")
    command = [str(linter), "--no-logo", "--no-cache", "--contract", contract]
    outcome = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    return outcome.stdout


def test_the_wheel_ships_the_four_packages_typed_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


@pytest.mark.parametrize(
    ("lower", "upper"),
    [("paxos", "transport"), ("paxos", "actors"), ("transport", "paxos"), ("transport", "actors"), ("actors", "redpaxos")],
)
def test_an_import_that_points_up_or_sideways_breaks_the_layers(copied_tree: Path, lower: str, upper: str) -> None:
    (copied_tree / lower / "planted.py").write_text(f"import {upper}\n")
    assert f"{lower}.planted -> {upper}" in broken_contract(copied_tree, "layers")


@pytest.mark.parametrize(("lower", "upper"), [("plans", "runs"), ("judges", "users"), ("parts", "judges")])
def test_an_import_that_points_up_inside_the_simulation_breaks_its_layers(copied_tree: Path, lower: str, upper: str) -> None:
    (copied_tree / "redpaxos" / "simulation" / lower / "planted.py").write_text(f"import redpaxos.simulation.{upper}\n")
    assert f"redpaxos.simulation.{lower}.planted -> redpaxos.simulation.{upper}" in broken_contract(copied_tree, "simulation")


def test_each_impure_import_breaks_the_purity_of_paxos(copied_tree: Path) -> None:
    (contract,) = [contract for contract in PROJECT["tool"]["importlinter"]["contracts"] if contract["id"] == "pure"]
    impure = ["pykka", "redis", "threading", "time", "random", "socket", "asyncio", "sqlite3", "logging"]
    assert sorted(contract["forbidden_modules"]) == sorted(impure)
    (copied_tree / "paxos" / "planted.py").write_text("".join(f"import {module}\n" for module in impure))
    report = broken_contract(copied_tree, "pure")
    assert [module for module in impure if f"paxos.planted -> {module}" not in report] == []


@pytest.mark.parametrize("package", [paxos, simulation, plans, parts, judges, users, runs], ids=lambda package: package.__name__)
def test_the_map_of_a_package_names_every_module_once(package: ModuleType) -> None:
    mapped = [line.split()[0].rstrip("/") for line in (package.__doc__ or "").splitlines() if line.startswith("    ")]
    (folder,) = map(Path, package.__path__)
    modules = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()} - {"__init__", "__pycache__"}
    assert sorted(mapped) == sorted(modules)
