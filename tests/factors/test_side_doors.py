"""No way in is weaker than another (ASVS V6.3.4): whatever signs somebody in asks for the second factor, or says here why it need not."""

import ast

from tests.architecture.source import functions

# Where the first factor alone is not what opens the sign-in.
NEED_NOT = {
    "forum.accounts.admission.complete": "called by admit, after every second step, and by what is listed below",
    "forum.accounts.pages.create": "a new account has no second factor",
    "forum.embed.pages.take_over": "a window that is signed in, second step and all, hands over to the frame that opened it",
    "forum.factors.sign_in_pages.take_second_step": "this is the second step",
    "forum.factors.sign_in_pages.sign_in_by_passkey": "a passkey with user verification is both factors",
}


def test_every_sign_in_asks_for_the_second_factor() -> None:
    modules_with_code = {module.name for module, function in functions() if _calls(function, {"require_code"})}
    found = {
        f"{module.name}.{function.name}"
        for module, function in functions()
        if _calls(function, {"sign_in", "start_sign_in", "complete"}) and not module.name.startswith(("forum.moderation", "forum.redress"))
    }
    by_program = {name for name in found if name.rpartition(".")[0] in modules_with_code and ".api." in name}
    assert found - by_program - {"forum.accounts.signin.sign_in", "forum.accounts.admission.admit"} == set(NEED_NOT)
    assert "forum.accounts.api.create_session" in by_program


def _calls(function: ast.AST, names: set[str]) -> bool:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any((isinstance(it, ast.Name) and it.id in names) or (isinstance(it, ast.Attribute) and it.attr in names) for it in called)
