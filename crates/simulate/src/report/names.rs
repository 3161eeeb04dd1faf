//! What policies are called in running text: as their papers do.

/// `s3-fifo` as `S3-FIFO`. What is not known here is an abbreviation, as most are.
pub(crate) fn proper(policy: &str) -> String {
    let known = match policy {
        "auto" => "auto",
        "belady" => "Belady",
        "cacheus" => "Cacheus",
        "clock-2bit" => "CLOCK (2 bits)",
        "clock-pro" => "CLOCK-Pro",
        "hyperbolic" => "Hyperbolic",
        "lecar" => "LeCaR",
        "lfu-da" => "LFU with ageing",
        "random" => "Random",
        "sets" => "S3-FIFO in sets",
        "w-tinylfu" => "W-TinyLFU",
        "w-tinylfu-adaptive" => "W-TinyLFU (adaptive)",
        other => return other.to_uppercase(),
    };
    known.to_owned()
}

/// `ARC`, `ARC and LIRS`, `ARC, LIRS and 2Q`; five at most.
pub(crate) fn list(policies: &[&str]) -> String {
    const MAX: usize = 5;
    let mut names = Vec::from_iter(policies.iter().take(MAX).map(|policy| proper(policy)));
    if policies.len() > MAX {
        names.push(format!("{} more", policies.len() - MAX));
    }
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_in_speech() {
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["s3-fifo"]), "S3-FIFO");
        assert_eq!(list(&["arc", "clock-pro"]), "ARC and CLOCK-Pro");
        assert_eq!(list(&["arc", "lecar", "2q"]), "ARC, LeCaR and 2Q");
        assert_eq!(list(&["a", "b", "c", "d", "e", "f", "g"]), "A, B, C, D, E and 2 more");
    }
}
