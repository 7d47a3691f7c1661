//! What the operating system says about the process, under the names that every
//! Prometheus client library uses. From `/proc`; elsewhere nothing is told.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Linux tells times in hundredths of a second on every architecture that we build
/// for (`USER_HZ`, which is part of its interface).
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc/self` at each scrape.
#[derive(Debug)]
pub(super) struct Process;

/// One reading.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    cpu_seconds: f64,
    start_time_seconds: f64,
    resident_bytes: f64,
    resident_peak_bytes: f64,
    virtual_bytes: f64,
    threads: f64,
    open_fds: f64,
    max_fds: f64,
}

impl Reading {
    fn take() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let boot = fs::read_to_string("/proc/stat").ok()?;
        // One of them is the directory that is being read.
        let open = fs::read_dir("/proc/self/fd")
            .ok()?
            .count()
            .saturating_sub(1);
        let mut reading = Self::of(&stat, &status, &limits, &boot)?;
        reading.open_fds = f64::from(u32::try_from(open).ok()?);
        Some(reading)
    }

    /// From the texts of `stat`, `status` and `limits` of the process, and `stat` of
    /// the machine (proc(5)).
    fn of(stat: &str, status: &str, limits: &str, machine: &str) -> Option<Self> {
        // The name of the command, in brackets, may itself hold blanks and brackets.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Numbered from 1 in proc(5), the first two of which are gone.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let status = |name: &str| number_after(status, name);
        let boot = number_after(machine, "btime")?;
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / TICKS_PER_SECOND,
            start_time_seconds: boot + field(22)? / TICKS_PER_SECOND,
            resident_bytes: status("VmRSS:")? * 1024.0,
            resident_peak_bytes: status("VmHWM:")? * 1024.0,
            virtual_bytes: status("VmSize:")? * 1024.0,
            threads: status("Threads:")?,
            open_fds: 0.0,
            // `unlimited` is told as nothing else than a very large number.
            max_fds: number_after(limits, "Max open files").unwrap_or(f64::MAX),
        })
    }
}

/// The first number after a word at the beginning of a line.
fn number_after(text: &str, word: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(now) = Reading::take() else {
            return Ok(());
        };
        let mut tell = |name, help, unit, metric: &dyn Told| -> fmt::Result {
            metric.tell(&mut encoder, name, help, unit)
        };
        let (seconds, bytes) = (Some(Unit::Seconds), Some(Unit::Bytes));
        tell(
            "process_cpu",
            "Processor time, of users and system",
            seconds.as_ref(),
            &ConstCounter::new(now.cpu_seconds),
        )?;
        tell(
            "process_start_time",
            "When the process began, in Unix time",
            seconds.as_ref(),
            &ConstGauge::new(now.start_time_seconds),
        )?;
        tell(
            "process_resident_memory",
            "Memory in use",
            bytes.as_ref(),
            &ConstGauge::new(now.resident_bytes),
        )?;
        tell(
            "process_resident_memory_peak",
            "The most memory that was in use at once",
            bytes.as_ref(),
            &ConstGauge::new(now.resident_peak_bytes),
        )?;
        tell(
            "process_virtual_memory",
            "Address space in use",
            bytes.as_ref(),
            &ConstGauge::new(now.virtual_bytes),
        )?;
        tell(
            "process_threads",
            "Threads of the process",
            None,
            &ConstGauge::new(now.threads),
        )?;
        tell(
            "process_open_fds",
            "Open files and connections",
            None,
            &ConstGauge::new(now.open_fds),
        )?;
        tell(
            "process_max_fds",
            "How many files and connections may be open",
            None,
            &ConstGauge::new(now.max_fds),
        )
    }
}

/// A value that is told once, under a name.
trait Told {
    fn tell(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
    ) -> fmt::Result;
}

impl<M: EncodeMetric> Told for M {
    fn tell(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
    ) -> fmt::Result {
        let encoder = encoder.encode_descriptor(name, help, unit, self.metric_type())?;
        self.encode(encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_what_the_kernel_wrote() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 2 0 0 0 250 150 0 0 20 0 9 0 12300 1 2";
        let status =
            "Name:\ta\nVmSize:\t  400 kB\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nThreads:\t9\n";
        let limits = "Limit   Soft  Hard\nMax open files            1024                 4096                 files\n";
        let machine = "cpu 1\nbtime 1000\n";
        let reading = Reading::of(stat, status, limits, machine);
        let expected = Reading {
            cpu_seconds: 4.0,
            start_time_seconds: 1123.0,
            resident_bytes: 204_800.0,
            resident_peak_bytes: 307_200.0,
            virtual_bytes: 409_600.0,
            threads: 9.0,
            open_fds: 0.0,
            max_fds: 1024.0,
        };
        assert_eq!(reading, Some(expected));
        assert_eq!(Reading::of("", status, limits, machine), None);
        assert_eq!(Reading::of(stat, "", limits, machine), None);
    }
}
