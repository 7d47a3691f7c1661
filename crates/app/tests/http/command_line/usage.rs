//! What every command tells of itself.

use super::run;
use crate::support::said;

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        &[][..],
        &["serve"],
        &["migrate"],
        &["migrate", "up"],
        &["migrate", "status"],
        &["migrate", "down"],
        &["health"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
        &["config", "example"],
        &["config", "schema"],
        &["keys"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["keys", "drop"],
        &["simulate"],
        &["webhooks"],
        &["webhooks", "list"],
        &["webhooks", "replay"],
        &["import"],
        &["admin"],
        &["admin", "hash-key"],
        &["admin", "find"],
        &["admin", "show"],
        &["admin", "disable"],
        &["admin", "enable"],
        &["admin", "end-sessions"],
        &["admin", "end-all-sessions"],
        &["admin", "detach-phone"],
        &["admin", "merge"],
        &["admin", "audit"],
        &["admin", "sends"],
        &["admin", "counters"],
        &["admin", "test-numbers"],
        &["admin", "test-numbers", "list"],
        &["admin", "test-numbers", "add"],
        &["admin", "test-numbers", "remove"],
    ] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let output = run(&[], &arguments);
        let (out, _) = said(&output);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        let example = out.split_once("Example: menshen ").map(|(_, rest)| rest);
        let example = example.unwrap_or_else(|| panic!("{command:?} has no example: {out}"));
        for word in command {
            assert!(example.contains(word), "{command:?}: {example}");
        }
    }
    let (version, _) = said(&run(&[], &["--version"]));
    assert_eq!(version, format!("menshen {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_no_command_is_a_usage_error() {
    for arguments in [
        &["serv"][..],
        &["--port", "80"],
        &["config"],
        &["config", "chek"],
        &["serve", "now"],
        &["simulate", "--listen", "nowhere"],
        &["migrate", "down", "--steps", "x"],
    ] {
        let output = run(&[], arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let (_, err) = said(&output);
        assert!(
            err.contains("Usage") || err.contains("--help"),
            "{arguments:?}: {err}"
        );
    }
}
