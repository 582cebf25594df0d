# SPDX-License-Identifier: MIT
"""midge completion: what makes a shell complete Midge's commands, options, ports and boards."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ..errors import UserError

_INSTALL = {
    "bash": "add to ~/.bashrc:  eval \"$(midge completion bash)\"",
    "zsh": "add to ~/.zshrc:  eval \"$(midge completion zsh)\"",
    "fish": "once:  midge completion fish > ~/.config/fish/completions/midge.fish",
}  # fmt: skip
_PLACES = "\n".join(f"    {shell:4}  {text}" for shell, text in _INSTALL.items())


@click.command(help="Print the completion script of a SHELL.\n\n\b\n" + _PLACES)
@click.argument("shell", type=click.Choice(tuple(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    found = get_completion_class(shell)
    assert found is not None
    try:
        click.echo(found(ctx.find_root().command, {}, "midge", "_MIDGE_COMPLETE").source())
    except RuntimeError as error:
        raise UserError(f"no completion for {shell}: {error}") from error
