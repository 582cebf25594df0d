# SPDX-License-Identifier: MIT
"""midge completion: what makes a shell complete Midge's commands, options, ports and boards."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ..errors import UserError


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes a SHELL complete Midge's commands, options, boards and ports.

    For bash, add to ~/.bashrc: eval "$(midge completion bash)"

    For zsh, add to ~/.zshrc: eval "$(midge completion zsh)"

    For fish, run once: midge completion fish > ~/.config/fish/completions/midge.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    try:
        click.echo(found(ctx.find_root().command, {}, "midge", "_MIDGE_COMPLETE").source())
    except RuntimeError as error:
        raise UserError(f"no completion for {shell}: {error}") from error
