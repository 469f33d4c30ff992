//! Every configuration in the documents is one.

use crate::program::{FILE, Program, Scratch};
use serverwamp_config::build::Assembly;
use serverwamp_config::{Environment, Mistakes, Printer, Style};
use serverwamp_conformance::{Authority, Signal};

const DOCUMENTS: [(&str, &str); 3] = [
    ("docs/operations.md", include_str!("../../../../docs/operations.md")),
    ("README.md", include_str!("../../../../README.md")),
    ("docs/shell.md", include_str!("../../../../docs/shell.md")),
];

/// The configurations of a document: what stands in blocks of TOML, and is none for Cargo.
fn configurations(text: &str) -> Vec<&str> {
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.filter(|block| !block.contains("[dependencies]") && !block.contains("[user.")).collect()
}

#[test]
fn every_configuration_in_the_documents_can_be_served() {
    let (scratch, authority) = (Scratch::new(), Authority::new("documents"));
    let issued = authority.issue(&["wamp.example.com"]);
    for (name, text) in [("tls.pem", &issued.certificate), ("tls.key", &issued.key)] {
        scratch.write(name, text);
    }
    scratch.write("authority.pem", authority.certificate());
    scratch.write("users.toml", "");
    scratch.write("token-secret", "a secret of at least thirty-two bytes");
    let mut found = 0;
    for (document, text) in DOCUMENTS {
        for configuration in configurations(text) {
            found += 1;
            // The folders of an installation are that of the test.
            let configuration = ["/etc/serverwamp/", "/run/credentials/serverwamp.service/"]
                .iter()
                .fold(configuration.to_owned(), |text, folder| text.replace(folder, ""));
            let environment: Environment = Environment::empty();
            let read = serverwamp_config::read(&configuration, &environment);
            let mut mistakes: Mistakes = read.mistakes;
            let assembled =
                read.config.and_then(|config| Assembly::new(config, scratch.path(), &mut mistakes));
            let application = assembled.and_then(|assembly| assembly.application(&mut mistakes));
            let printer = Printer::new(document, &configuration, &environment, Style::Plain);
            assert!(application.is_some() && mistakes.is_empty(), "{}", printer.print(&mistakes));
        }
    }
    assert!(found >= 4, "{found} configurations: the test looks in the wrong place");
}

#[test]
fn what_the_readme_tells_to_type_does_what_it_says() {
    let (_, readme) = DOCUMENTS[1];
    let section =
        readme.split("## A router from one file").nth(1).and_then(|rest| rest.split("\n## ").next());
    let readme = section.expect("the section is there");
    let configuration = configurations(readme)[0].replace(":8080", ":0");
    let typed = readme.lines().filter_map(|line| line.strip_prefix("serverwamp "));
    let typed: Vec<Vec<&str>> =
        typed.map(|line| line.split('#').next().unwrap_or_default().split_whitespace().collect()).collect();
    assert_eq!(typed.iter().map(|words| words[0]).collect::<Vec<_>>(), ["check", "serve", "why"]);
    let scratch = Scratch::new();
    scratch.write(FILE, &configuration);
    for words in &typed {
        if words[0] == "serve" {
            let program = Program::start_command(&scratch, &mut scratch.command(words));
            program.signal(Signal::Hangup);
            program.wait_for("reload: nothing changed");
        } else {
            let finished = scratch.run(words);
            assert!(finished.status.success(), "{words:?}: {}{}", finished.stdout, finished.stderr);
        }
    }
}
