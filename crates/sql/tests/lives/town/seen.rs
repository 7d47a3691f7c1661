//! What has happened in a town.

/// What has happened, so that the test can tell whether it is worth anything.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(super) sign_ins: u32,
    pub(super) merges: u32,
    pub(super) refused_doubts: u32,
    pub(super) freed_numbers: u32,
    pub(super) handed_over: u32,
    pub(super) erasures: u32,
    pub(super) restored: u32,
    pub(super) unlinked: u32,
    pub(super) lost_answers: u32,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Self) {
        self.sign_ins += other.sign_ins;
        self.merges += other.merges;
        self.refused_doubts += other.refused_doubts;
        self.freed_numbers += other.freed_numbers;
        self.handed_over += other.handed_over;
        self.erasures += other.erasures;
        self.restored += other.restored;
        self.unlinked += other.unlinked;
        self.lost_answers += other.lost_answers;
    }

    pub(crate) fn is_varied(&self) -> bool {
        [
            self.sign_ins,
            self.merges,
            self.refused_doubts,
            self.freed_numbers,
            self.handed_over,
            self.erasures,
            self.restored,
            self.unlinked,
            self.lost_answers,
        ]
        .into_iter()
        .all(|times| times >= 1)
    }
}
