//! Whether samples fit what they are said to be drawn from. Seeds are fixed, so nothing here is left to chance.

/// Pearson's test of `draws` (numbers below the length of `weights`) against `weights`, which need not add up to 1.
///
/// Cells that expect fewer than 20 draws are lumped together. The bound is seven standard deviations above the mean of
/// the statistic: a sampler that is wrong in a visible way exceeds it many times over.
pub(crate) fn assert_fits(name: &str, draws: impl IntoIterator<Item = u64>, weights: &[f64]) {
    let mut counts = vec![0_u64; weights.len()];
    let mut total = 0_u64;
    for draw in draws {
        counts[usize::try_from(draw).unwrap()] += 1;
        total += 1;
    }
    let sum = weights.iter().sum::<f64>();
    let (mut statistic, mut cells) = (0.0, 0_u32);
    let (mut lump_found, mut lump_expected) = (0, 0.0);
    let mut cell = |found: u64, expected: f64| {
        statistic += (found as f64 - expected).powi(2) / expected;
        cells += 1;
    };
    for (found, weight) in counts.iter().zip(weights) {
        lump_found += found;
        lump_expected += total as f64 * weight / sum;
        if lump_expected >= 20.0 {
            cell(lump_found, lump_expected);
            (lump_found, lump_expected) = (0, 0.0);
        }
    }
    if lump_expected > 1.0 {
        cell(lump_found, lump_expected);
    }
    assert!(cells > 1, "{name}: too few draws to tell");
    let freedom = f64::from(cells - 1);
    let bound = freedom + 7.0 * (2.0 * freedom).sqrt();
    assert!(statistic < bound, "{name}: {statistic:.1} for at most {bound:.1} in {cells} cells");
}

/// `found` of `total` within five standard deviations of `share`.
pub(crate) fn assert_share(name: &str, found: usize, total: usize, share: f64) {
    let deviation = (total as f64 * share * (1.0 - share)).sqrt();
    let expected = total as f64 * share;
    assert!(
        (found as f64 - expected).abs() <= 5.0 * deviation,
        "{name}: {found} of {total} for {expected:.0}"
    );
}

/// Of Zipf's law, by rank from 0.
pub(crate) fn zipf_weights(count: u32, exponent: f64) -> Vec<f64> {
    (1..=count).map(|rank| f64::from(rank).powf(-exponent)).collect()
}

#[test]
#[should_panic(expected = "wrong")]
fn a_wrong_distribution_does_not_fit() {
    // Exponent 0.9 taken for 0.91: as small a mistake as the number of draws can show.
    let draws = crate::keys("zipf:keys=1000,exponent=0.9,requests=1e6");
    assert_fits("wrong", draws, &zipf_weights(1000, 0.91));
}
