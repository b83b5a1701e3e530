use super::*;

fn serve(common: &Common) -> Result<Serve, String> {
    common.serve(&ServeFlags::default())
}

fn file(text: &str) -> (tempfile::TempDir, CommonFlags) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.toml");
    std::fs::write(&path, text).unwrap();
    let flags = CommonFlags {
        config: Some(path),
        ..CommonFlags::default()
    };
    (folder, flags)
}

#[test]
fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
    let (_folder, mut flags) = file(
        "data_dir = \"from-file\"\nqueue = 3\nlisten = \"0.0.0.0:9\"\naudio_bytes = \"5MiB\"\njson_bytes = 70000\n\
         cors_origin = [\"https://a\", \"https://b\"]\nlog_content = true\nhistory_text = \"off\"",
    );
    let common = Common::resolve(&flags).unwrap();
    assert_eq!(
        (
            common.settings.data_dir.to_str(),
            common.settings.models_dir.to_str()
        ),
        (Some("from-file"), Some("models"))
    );
    flags.flags = flags.flags.with("data_dir", "from-flag");
    let common = Common::resolve(&flags).unwrap();
    assert_eq!(common.settings.data_dir.to_str(), Some("from-flag"));
    let flags = ServeFlags {
        server: Flags::default().with("queue", "5"),
        edge: Flags::default().with("audio_bytes", "6MiB"),
        ..ServeFlags::default()
    };
    let served = common.serve(&flags).unwrap();
    let server = &served.server;
    assert_eq!(
        (server.queue, served.places(), server.listen.port()),
        (5, 5 + served.models.lanes(), 9)
    );
    assert_eq!(
        (served.edge.audio_bytes, served.edge.json_bytes),
        (6 << 20, 70_000)
    );
    assert_eq!(server.cors_origin, ["https://a", "https://b"]);
    assert!(server.log_content && !server.require_clone_consent);
    assert_eq!(server.history_text, HistoryText::Off);
}

#[test]
fn wrong_files_are_refused_with_key_place_and_fix() {
    for (text, reason) in [
        ("qeue = 3", "unknown key qeue"),
        ("queue = \"many\"", "option queue"),
        ("queue = 0", "1 to"),
        ("concurrent_per_key = 0", "1 to 4096"),
        ("head_bytes = 1", "4KiB to 64KiB"),
        ("head_bytes = \"big\"", "big is no size"),
        ("json_bytes = true", "such as"),
        ("json_bytes = -1", "less than 0"),
        ("queue = 800", "raise it, or lower them"),
        ("log_level = \"loud\"", "log_level"),
        ("log_content = 1", "true or false"),
        ("cors_origin = \"https://a\"", "an array of texts"),
        ("listen = \"here\"", "127.0.0.1:8080"),
        ("= 3", "server.toml"),
    ] {
        let (_folder, flags) = file(text);
        let error = Common::resolve(&flags)
            .and_then(|common| serve(&common))
            .unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
        let names_the_file = error.contains("server.toml: ");
        assert!(names_the_file || text == "queue = 800", "{error}");
    }
}

/// Every declared kind matches its field's type, every default lies within its range, and no name is used twice.
#[test]
fn all_declarations_hold_without_anything_set() {
    let common = Common::resolve(&CommonFlags::default()).unwrap();
    serve(&common).unwrap();
    let mut names = std::collections::HashSet::new();
    for spec in SECTIONS.iter().flat_map(|section| section.options) {
        assert!(names.insert(spec.name), "{} is declared twice", spec.name);
        assert!(!spec.help.trim().is_empty() && !spec.help.ends_with('.'));
        if let OptionKind::Count(range) | OptionKind::Seconds(range) | OptionKind::Size(range) =
            spec.kind
        {
            assert!(range.min <= range.default && range.default <= range.max);
        }
    }
    assert!(names.len() > 35, "{}", names.len());
}
