"""``completion``: a script that completes commands, options and studies in a shell."""

import argparse

from harness.cli.commands import exit_codes

BASH = """_steadytune() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" words
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}}" in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _steadytune steadytune"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n{bash}"
WITH_STUDY = ("show", "check", "run", "search", "report", "compare", "fisher", "plan")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "completion",
        help="print a script that completes commands in a shell",
        description="Print a script that completes commands, options and names of studies. bash and zsh: "
        'eval "$(steadytune completion bash)" in ~/.bashrc or ~/.zshrc; fish: steadytune completion fish | source.',
    )
    command.add_argument("shell", choices=("bash", "zsh", "fish"))
    command.set_defaults(command=lambda options: completion(options, commands.choices))


def completion(options: argparse.Namespace, commands: "dict[str, argparse.ArgumentParser]") -> int:
    words = {name: _words(name, parser) for name, parser in commands.items()}
    if options.shell == "fish":
        print(*_fish(words, commands), sep="\n")
        return exit_codes.OK
    cases = "\n".join(f'        {name}) words="{" ".join(found)}" ;;' for name, found in words.items())
    bash = BASH.format(commands=" ".join(words), cases=cases)
    print(bash if options.shell == "bash" else ZSH.format(bash=bash))
    return exit_codes.OK


def _words(name: str, parser: argparse.ArgumentParser) -> list[str]:
    """A command's options, and its possible arguments."""
    import search_spaces
    from harness.cli.commands.list_studies import KINDS

    options = [option for option in parser._option_string_actions if option.startswith("--")]
    shells = ["bash", "zsh", "fish"] if name == "completion" else []
    kinds = KINDS if name == "list" else ()
    return [*(search_spaces.names() if name in WITH_STUDY else ()), *kinds, *shells, *options]


def _fish(words: dict[str, list[str]], commands: "dict[str, argparse.ArgumentParser]") -> list[str]:
    lines = [f"complete -c steadytune -n __fish_use_subcommand -f -a {name}" for name in commands]
    for name, found in words.items():
        lines += [
            f"complete -c steadytune -n '__fish_seen_subcommand_from {name}' "
            + (f"-l {word[2:]}" if word.startswith("--") else f"-a {word}")
            for word in found
        ]
    return lines
