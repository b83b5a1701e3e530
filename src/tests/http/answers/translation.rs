//! Requests that translate.

use super::speech::bodies;
use super::{Recording, nested};

const TRANSLATE: &str = "/voice/dub/translate";

/// Records requests that translate.
pub fn translation(record: &mut Recording) {
    bodies(record, TRANSLATE);
    let with = |segments: &str| {
        format!(r#"{{"segments":{segments},"target_language":"en","source_language":"pt"}}"#)
    };
    for segments in [
        r#"[]"#,
        r#"null"#,
        r#"5"#,
        r#"{}"#,
        r#""a""#,
        r#"[1]"#,
        r#"[null]"#,
        r#"[[]]"#,
        r#"[{}]"#,
        r#"[{"text":null}]"#,
        r#"[{"text":5}]"#,
        r#"[{"text":"a"},{"text":"b","start":"x"}]"#,
        r#"[{"text":"a","start":-1}]"#,
        r#"[{"text":"a","start":100000.5}]"#,
        r#"[{"text":"a","end":[]}]"#,
        r#"[{"text":"a","language":5}]"#,
        r#"[{"text":"a","text_en":5}]"#,
        r#"[{"text":"a","language":5,"start":"x"}]"#,
        r#"[{"text":"a","end":"x","start":"x"}]"#,
        r#"[{"text":"a","start":1,"end":2.5},{"text":"b","start":3e0}]"#,
        r#"[{"text":"olá"},{"text":"  "},{"text":""}]"#,
        r#"[{"text":"a","text":"b","text":"c"}]"#,
        r#"[{"text":5,"text":"c"}]"#,
        r#"[{"text":"c","text":5}]"#,
        r#"[{"te\u0078t":"escaped","\"\\\n":"k","":"empty"}]"#,
        r#"[{"z":1,"text":"a","b":{"z":1,"a":{"c":[],"b":{}}},"a":[1,2.0,{"y":1,"x":2}],"B":"é","é":"B","\u0000":0}]"#,
        r#"[{"text":"a","n":[0,-0,-0.0,1.0,1e2,1E-7,0.1e-7,123456789012345678901234567890,18446744073709551615,18446744073709551616,-9223372036854775808,-9223372036854775809,1.7976931348623157e308,5e-324,0.30000000000000004,1e21,1e16,12345678.9]}]"#,
        r#"[{"text":"a","s":["\u00e9","\/","\u0007","\b\f\n\r\t","\u2028","\ud83c\udf99","\u007f","\"","\\","<>&'"]}]"#,
        r#"[{"text":"a","k":{"a":1,"b":2,"a":3,"a":{"x":1}},"k2":{"b":{"a":1},"b":2}}]"#,
        r#"[{"text":"a","dup":1,"dup":"two","dup":[3]}]"#,
        r#"[{"text":"a","words":[{"word":"a","start":0.40,"end":0.900},{"word":"b","start":1,"end":2}],"mine":null,"t":true,"f":false}]"#,
        r#"[{"text":"a","r":{"$serde_json::private::RawValue":"[1,  2]"},"q":{"$serde_json::private::Number":"12"}}]"#,
        r#"[{"$serde_json::private::RawValue":"[1,  2]","text":"a"}]"#,
        r#"[{"text":"a","x":1e999}]"#,
        r#"[{"text":"a","x":"\ud800"}]"#,
        r#"[{"text":"fail"}]"#,
        r#"[{"text":"a","text_en":"there"},{"text":"b","text_en":null}]"#,
        r#"[{"text":"a","language":"fr","text_en":"ignored"}]"#,
        r#"[{"text":"a","speaker":{"deep":[[[]]]},"id":{"a":1}}]"#,
        " [ { \"text\" : \"a\" ,\n \"x\" : [ 1 , 2 ] } ] ",
    ] {
        record.json(TRANSLATE, with(segments));
    }
    for body in [
        r#"{}"#,
        r#"{"segments":[]}"#,
        r#"{"target_language":"en"}"#,
        r#"{"target_language":"pt","segments":[]}"#,
        r#"{"target_language":5,"segments":[]}"#,
        r#"{"target_language":null,"segments":[]}"#,
        r#"{"target_language":" EN-gb ","segments":[{"text":"a","language":"pt-br"}]}"#,
        r#"{"target_language":"auto","segments":[]}"#,
        r#"{"target_language":"yo","segments":[{"text":"a","language":"pt"}]}"#,
        r#"{"target_language":"yo","segments":[],"source_language":"pt"}"#,
        r#"{"target_language":"yo","segments":[]}"#,
        r#"{"target_language":"en","segments":[]}"#,
        r#"{"target_language":"en","segments":[{"text":"a"}]}"#,
        r#"{"target_language":"en","segments":[{"text":"a"}],"language":"pt"}"#,
        r#"{"target_language":"en","segments":[{"text":"a"}],"language":"en"}"#,
        r#"{"target_language":"en","segments":[{"text":"a"}],"language":"auto","source_language":"auto"}"#,
        r#"{"target_language":"en","segments":[{"text":"a","text_en":"b","language":"fr"},{"text":"c","language":"pt"}]}"#,
        r#"{"target_language":"en","segments":[{"text":"a","text_en":" ","language":"fr"}]}"#,
        r#"{"target_language":"en","segments":[],"source_language":5}"#,
        r#"{"target_language":"en","segments":[],"language":5}"#,
        r#"{"target_language":"en","segments":5,"language":5,"source_language":6}"#,
        r#"{"target_language":"en","segments":5,"language":5}"#,
        r#"{"target_language":"pt","segments":5,"language":5}"#,
        r#"{"target_language":"en","segments":[1],"segments":[{"text":"a"}],"language":"pt"}"#,
        r#"{"target_language":"en","segments":[{"text":"a"}],"segments":null,"language":"pt"}"#,
        r#"{"target_language":"en","segments":[1,}"#,
        r#"{"target_language":"en","segments":[{"text":5},{"text":]}"#,
    ] {
        record.json(TRANSLATE, body);
    }
    let one = |text: &str| format!(r#"{{"text":"{text}"}}"#);
    let many = |count: usize| format!("[{}]", vec![one("a"); count].join(","));
    record.json(TRANSLATE, with(&many(2_000)));
    record.json(TRANSLATE, with(&many(2_001)));
    let wrong = vec!["5"; 5_000].join(",");
    record.json(TRANSLATE, with(&format!("[{wrong}]")));
    record.json(TRANSLATE, with(&format!("[{wrong},]")));
    let long = "é".repeat(5_001);
    record.json(TRANSLATE, with(&format!("[{}]", one(&long))));
    record.json(TRANSLATE, with(&format!("[{}]", one(&"é".repeat(5_000)))));
    for rest in [
        format!(r#""text_en":"{long}""#),
        r#""text_en":5"#.to_owned(),
        r#""start":"x""#.to_owned(),
        r#""language":5"#.to_owned(),
    ] {
        record.json(TRANSLATE, with(&format!(r#"[{{"text":"{long}",{rest}}}]"#)));
        record.json(
            TRANSLATE,
            with(&format!(r#"[{{"text":"a","text_en":"{long}",{rest}}}]"#)),
        );
    }
    for depth in [123, 124, 125, 126] {
        let nested = nested(depth);
        record.json(
            TRANSLATE,
            with(&format!(r#"[{{"text":"a","x":{nested}}}]"#)),
        );
    }
}
