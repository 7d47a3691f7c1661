//! Who runs a command.

use menshen_domain::model::operator::Operator;

/// Whoever has the settings has the database: the user of the machine, as far as it
/// tells.
pub(super) fn who_runs_it() -> Operator {
    let user = ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    Operator::on_the_command_line(user.as_deref().unwrap_or("unknown"))
}
