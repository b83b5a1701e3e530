//! The two codes that ISO 639-2 has for some languages.

/// Bibliographic codes, which libraries and many films use, and the terminological ones, which are those of ISO 639-3.
const BIBLIOGRAPHIC: [(&str, &str); 20] = [
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
];

/// Returns the terminological code of the language with this code, in lower case; any other code is returned as it is.
pub fn terminological(code: &str) -> &str {
    let known = BIBLIOGRAPHIC.iter().find(|(own, _)| *own == code);
    known.map_or(code, |(_, terminological)| terminological)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_codes_become_those_of_the_languages_own_names() {
        assert_eq!(terminological("ger"), "deu");
        assert_eq!(terminological("deu"), "deu");
        assert_eq!(terminological("en"), "en");
    }
}
