"""Every block of every page is run by a test, or says here why not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.kit.repository import REPOSITORY

FOLDER = Path(__file__).parent
PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"))
)

# For each page its blocks in order: the language, and the test of this folder that runs the block,
# or, in brackets, what stands in for one. Blocks of text are held against what is printed or drawn.
INSTALLS = "(installs from a package index; the extra that it names is tested by test_remotes.py)"
TONES = "test_your_own_registry.py::test_tones"
VERIFICATION = "test_verification.py::test_a_link_that_breaks"
RANGED = "../build/test_ranged_source.py::test_the_page"
NEW_GENERATOR = "../pipeline/test_new_generator.py::test_a_fixture_of_a_new_generator_and_contract"
RUN: dict[str, list[tuple[str, str]]] = {
    "CONTRIBUTING.md": [("sh", "(what .ci/run does)")],
    "README.md": [
        ("sh", "(what .ci/run does: make test, which makes the fixtures first)"),
        ("sh", "test_docs.py::test_readme_commands"),
        ("python", "test_docs.py::test_readme_python"),
        ("sh", "(the first line is that of docs/consuming.md; the second needs a package index)"),
        ("yaml", "test_docs.py::test_add_a_version"),
        ("sh", "test_docs.py::test_add_a_version"),
    ],
    "docs/add-a-version.md": [
        ("sh", "test_docs.py::test_add_in_one_step"),
        ("yaml", "test_docs.py::test_add_a_version"),
        ("sh", "test_docs.py::test_add_a_version"),
        *[("yaml", "test_your_own_registry.py::test_the_large_scan_is_that_of_another_page")] * 2,
        ("yaml", "test_docs.py::test_deprecate_a_version"),
        *[(language, NEW_GENERATOR) for language in ("python", "json", "json", "yaml", "sh")],
    ],
    "docs/architecture.md": [
        ("text", "(a sketch of the two ways; its names are modules or files, which is tested)"),
        ("text", "(as above)"),
        ("sh", "test_architecture.py::test_code_identity"),
        ("text", "test_architecture.py::test_layers"),
        ("text", "test_architecture.py::test_who_imports_packages_from_outside"),
    ],
    "docs/bring-your-own-scan.md": [
        *[
            (language, "test_docs.py::test_bring_your_own_scan")
            for language in ("sh", "yaml", "yaml", "sh", "yaml", "yaml", "sh")
        ],
        *[(language, RANGED) for language in ("yaml", "yaml", "sh")],
    ],
    "docs/build.md": [("sh", "test_build.py::test_build")] * 2,
    "docs/command-line.md": [
        (
            "sh",
            "(writes into a home; ../cli/test_completion.py has bash run what it evaluates)",
        ),
        ("sh", "(as above; ../cli/test_completion.py has fish read it, where that is installed)"),
    ],
    "docs/cluster.md": [
        ("sh", "test_cluster.py::test_a_scheduler_file"),
        ("python", "test_cluster.py::test_local_cluster"),
        ("python", "(needs SLURM, as the page says; its last line is the one above)"),
        *[("sh", "test_cluster.py::test_a_scheduler_file")] * 3,
    ],
    "docs/consuming.md": [
        ("sh", "test_consuming.py::test_install"),
        ("python", "test_consuming.py::test_in_the_same_repository"),
        ("sh", "test_consuming.py::test_in_the_same_repository"),
        ("sh", "test_consuming.py::test_import"),
        ("sh", "test_consuming.py::test_dvc_import"),
        ("ini", "test_consuming.py::test_git_url_in_the_ini_file"),
        ("python", "test_consuming.py::test_git_url_in_a_program_and_by_path"),
        ("sh", "test_consuming.py::test_credentials_of_ones_own"),
        ("sh", "test_consuming.py::test_git_url_in_a_program_and_by_path"),
    ],
    "docs/diff.md": [("sh", "test_diff.py::test_review_a_change")] * 3,
    "docs/export.md": [
        ("sh", "test_export.py::test_croissant"),
        ("yaml", "test_export.py::test_the_section_dataset"),
        ("sh", "test_export.py::test_in_toto"),
        ("python", "test_export.py::test_in_toto"),
    ],
    "docs/life-of-a-version.md": [
        (language, "test_life_of_a_version.py::test_a_whole_life")
        for language in ("sh", "yaml", "yaml", "sh", "sh", "sh", "yaml", "sh")
    ],
    "docs/merging.md": [
        *[("sh", "test_docs.py::test_merge_two_branches")] * 2,
        ("sh", "test_docs.py::test_merged_without_the_drivers"),
    ],
    "docs/mutants.md": [
        ("python", "test_mutants.py::test_a_contract_test"),
        ("sh", "test_mutants.py::test_a_contract_test"),
        ("text", "test_mutants.py::test_a_contract_test"),
        ("python", "test_mutants.py::test_one_line_more"),
        ("sh", "test_mutants.py::test_one_line_more"),
        ("text", "test_mutants.py::test_one_line_more"),
        ("sh", "test_mutants.py::test_options"),
    ],
    "docs/pytest-plugin.md": [
        ("python", "test_plugin.py::test_tests_of_the_page"),
        ("ini", "test_plugin.py::test_tests_of_the_page"),
        *[("python", "test_plugin.py::test_tests_of_the_page")] * 3,
        ("", "test_plugin.py::test_absent_bytes"),
        ("", "test_plugin.py::test_tests_of_the_page"),
        ("yaml", "test_plugin.py::test_a_deprecated_version"),
        ("ini", "test_plugin.py::test_a_deprecated_version"),
        ("", "test_plugin.py::test_a_deprecated_version"),
        ("python", "test_plugin.py::test_tests_of_the_page"),
    ],
    "docs/regenerate.md": [
        ("sh", "test_regenerate.py::test_rebuilt_in_scratch"),
        ("sh", "test_regenerate.py::test_rebuilt_in_place"),
        ("sh", "(minutes; .ci/run does it, and tests/reproducibility has its parts)"),
        ("", "(output of a generator that is wrong on purpose, shortened)"),
        ("sh", "(an hour; tests/reproducibility has its parts)"),
        ("", "(output of make reproducibility-all)"),
        ("sh", "test_regenerate.py::test_certified"),
    ],
    "docs/remotes.md": [
        ("sh", "test_remotes.py::test_the_default"),
        ("sh", "test_remotes.py::test_a_directory"),
        ("sh", INSTALLS),
        *[("sh", "test_remotes.py::test_s3")] * 4,
        ("sh", INSTALLS),
        ("sh", "test_remotes.py::test_ssh"),
        ("sh", "test_remotes.py::test_http"),
        ("sh", "test_remotes.py::test_github_pages"),
        ("yaml", "test_remotes.py::test_github_pages"),
    ],
    "docs/report.md": [("sh", "test_report.py::test_report")] * 2,
    "docs/training.md": [
        ("sh", "test_training.py::test_train_and_infer"),
        *[(language, "test_training.py::test_a_config_file") for language in ("yaml", "sh")],
        ("python", "test_training.py::test_batches"),
        ("python", "test_training.py::test_a_model_of_ones_own"),
    ],
    "docs/variants.md": [
        (language, "test_variants.py::test_a_defect_and_a_loader")
        for language in ("yaml", "sh", "python")
    ],
    "docs/when-verification-fails.md": [
        ("yaml", "test_hooks.py::test_the_page_names_each"),
        *[("text", VERIFICATION), ("sh", VERIFICATION)] * 19,
        ("text", "test_verification.py::test_a_published_version_that_changed"),
        ("text", "test_verification.py::test_an_address_of_other_content"),
        ("text", "test_verification.py::test_a_file_that_loading_mends"),
    ],
    "docs/your-own-registry.md": [
        *[(language, TONES) for language in ("sh", "python", "json", "json", "python", "yaml")],
        *[(language, TONES) for language in ("sh", "yaml", "sh", "text", "sh", "ini", "python")],
        ("sh", "test_your_own_registry.py::test_in_a_folder"),
        *[
            (language, "test_your_own_registry.py::test_ptychography")
            for language in ("sh", "yaml", "yaml", "sh", "python")
        ],
    ],
}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run(blocks, page):
    """The list above has each block of the page; one more, or one fewer, needs a line there."""
    found = [block.language for block in blocks(page)]
    listed = [language for language, _ in RUN.get(page, [])]
    assert found == listed, f"blocks of {page} that tests/docs/test_blocks.py does not list"


def test_the_list_has_no_other_pages():
    """A page that is gone leaves the list."""
    assert sorted(set(RUN) - set(PAGES)) == []


@pytest.mark.parametrize("page", RUN)
def test_tests_exist(page):
    """Each test that the list names is there, in a file that reads the page."""
    for _, name in RUN[page]:
        if name.startswith("("):
            continue
        file, _, test = name.partition("::")
        text = (FOLDER / file).read_text("utf-8")
        tests = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        assert test in tests, f"{page}: no test {name}"
        assert Path(page).name in text, f"{page}: {file} does not read it"
