//! Medians with their 95 % intervals.

/// A median with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Estimate {
    /// The median of the values. Its interval is that of order statistics, which assumes no distribution.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (count, rank) = (values.len(), rank(values.len()));
        let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        Self { median, low: values[rank], high: values[count - 1 - rank] }
    }

    /// The median of the ratios of two subjects in each round. Other load during a round affects both of them.
    pub(crate) fn of_ratio(over: &[f64], under: &[f64]) -> Self {
        Self::of(over.iter().zip(under).map(|(over, under)| over / under))
    }

    /// How far the interval reaches from 1.
    pub(crate) fn spread(&self) -> f64 {
        (self.high - 1.0).abs().max((self.low - 1.0).abs())
    }

    /// Whether the ratio differs from 1: its interval does not contain 1, and its median is further from 1 than this spread.
    pub(crate) fn is_difference(&self, spread: f64) -> bool {
        (self.low > 1.0 || self.high < 1.0) && (self.median - 1.0).abs() > spread
    }
}

/// The rank of the lower end of the interval, counted from 0; the upper end has the same rank from above. The true median is
/// between them with a probability of at least 95 %, because each value is below it with a probability of one half.
fn rank(count: usize) -> usize {
    let mut probability = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut below = 0.0;
    for rank in 0..count {
        below += probability;
        if below > 0.025 {
            return rank.saturating_sub(1);
        }
        probability *= (count - rank) as f64 / (rank + 1) as f64;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_tables() {
        // The ranks, counted from 1, of the 95 % interval of a median: 1 of 6, 2 of 10, 6 of 21, 15 of 41.
        for (count, expected) in [(6, 1), (10, 2), (21, 6), (41, 14)] {
            assert_eq!(rank(count) + 1, expected, "{count}");
        }
    }

    #[test]
    fn a_ratio_is_a_difference_only_beyond_the_spread_and_apart_from_one() {
        let ratio = Estimate { median: 1.05, low: 1.02, high: 1.07 };
        assert!(ratio.is_difference(0.04) && !ratio.is_difference(0.06));
        assert!(!Estimate { low: 0.99, ..ratio }.is_difference(0.0));
        assert_eq!(Estimate { median: 0.99, low: 0.9, high: 1.02 }.spread(), 1.0 - 0.9);
    }

    #[test]
    fn the_median_of_a_ratio_is_taken_round_by_round() {
        let ratio = Estimate::of_ratio(&[2.0, 20.0, 3.0], &[1.0, 10.0, 1.0]);
        assert_eq!(ratio, Estimate { median: 2.0, low: 2.0, high: 3.0 });
    }
}
