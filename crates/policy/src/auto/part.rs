//! What `auto` consists of.

/// What [`Auto::without`](crate::Auto::without) leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AutoPart {
    /// Signals move the small queue's share; without, it stays at 1 %.
    Steering,
    /// What leaves the small queue lowers its share.
    Leak,
    /// A key that comes back is compared with main's next victim; without, it enters main as in S3-FIFO.
    ReturnTest,
    /// An entry at the end of the small queue is compared with main's next victim; without, it leaves unless hit twice.
    SmallTest,
    /// Those that left are counted beyond their record.
    Sketch,
    /// A cache that fills lets newcomers into main; without, they all enter the small queue.
    ColdFill,
}

impl AutoPart {
    /// Every part once.
    pub const ALL: [Self; 6] =
        [Self::Steering, Self::Leak, Self::ReturnTest, Self::SmallTest, Self::Sketch, Self::ColdFill];
}
