//! A server and the processes that it has started, one per connection and more.

use std::fs;
use std::process::Command;

/// Sends a signal to the server, and then to all that it has started by then.
pub(super) fn signal_all(signal: &str, server: u32) {
    signal_one(signal, server);
    for child in children(server) {
        signal_one(signal, child);
    }
}

/// Sends a signal to one process, which may have ended meanwhile.
pub(super) fn signal_one(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .output();
    sent.expect("the command kill");
}

fn children(server: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let status = fs::read_to_string(format!("/proc/{process}/status"));
        let parent = format!("PPid:\t{server}");
        status.is_ok_and(|status| status.lines().any(|line| line == parent))
    };
    numbers.filter(is_child).collect()
}
