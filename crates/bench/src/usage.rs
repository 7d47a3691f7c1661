//! What processes and threads cost, as the kernel counts it in `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

/// The kernel tells processor time in hundredths of a second, on every
/// architecture that Linux shows to programs.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process, all its threads together, without its children.
///
/// # Errors
///
/// If there is no such process.
pub fn process(pid: u32) -> io::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    times(&text).map(|(own, _)| own).ok_or_else(unreadable)
}

/// Processor time of a process and of everything that it started, ended or not.
///
/// # Errors
///
/// If there is no such process.
pub fn family(pid: u32) -> io::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (own, ended) = times(&text).ok_or_else(unreadable)?;
    let mut sum = own + ended;
    for child in children(pid) {
        // One that ends meanwhile is counted by its parent the next time.
        sum += family(child).unwrap_or_default();
    }
    Ok(sum)
}

/// Processor time of what this process started, and has waited for.
///
/// # Errors
///
/// If the kernel does not tell.
pub fn ended_children() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/self/stat")?;
    times(&text).map(|(_, ended)| ended).ok_or_else(unreadable)
}

/// Processor time of the calling process's threads whose name begins so.
#[must_use]
pub fn own_threads(name: &str) -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    let stats = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("stat")).ok()?;
        let named = text.split_once('(')?.1.starts_with(name);
        named.then(|| times(&text)).flatten()
    });
    stats.map(|(own, _)| own).sum()
}

/// What of a process is in memory, in KiB.
///
/// # Errors
///
/// If there is no such process.
pub fn resident(pid: u32) -> io::Result<u64> {
    status(pid, "VmRSS:")
}

/// The most of a process that was in memory since [`forget_peak`], in KiB.
///
/// # Errors
///
/// If there is no such process.
pub fn peak(pid: u32) -> io::Result<u64> {
    status(pid, "VmHWM:")
}

/// Begins a new peak of a process's memory.
///
/// # Errors
///
/// If the process is another user's.
pub fn forget_peak(pid: u32) -> io::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

fn status(pid: u32, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(unreadable)
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let lists = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids = |list: String| -> Vec<u32> {
        list.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect()
    };
    lists.flat_map(pids).collect()
}

/// User and system time together: its own, and that of children that ended.
fn times(stat: &str) -> Option<(Duration, Duration)> {
    // The name may hold blanks and brackets; it ends at the last one.
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let mut ticks = fields.skip(11).map(|field| field.parse::<u32>().ok());
    let mut next = || Some(TICK * ticks.next()??);
    let own = next()? + next()?;
    let ended = next()? + next()?;
    Some((own, ended))
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not what the kernel writes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_whatever_the_name_of_the_program() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 20 10 20 0 4";
        let (own, ended) = times(stat).unwrap();
        assert_eq!(own, Duration::from_secs(2));
        assert_eq!(ended, Duration::from_millis(300));
    }

    #[test]
    fn work_of_a_child_that_ended_and_was_waited_for_is_counted() {
        let spin = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done";
        let before = family(std::process::id()).unwrap();
        let mut rounds = 0;
        while family(std::process::id()).unwrap() < before + TICK * 2 {
            let done = std::process::Command::new("sh").args(["-c", spin]).status();
            assert!(done.unwrap().success());
            rounds += 1;
            assert!(rounds < 200, "no work of any child is counted");
        }
    }

    #[test]
    fn this_process_is_in_memory() {
        let pid = std::process::id();
        assert!(peak(pid).unwrap() >= resident(pid).unwrap() / 2);
    }
}
