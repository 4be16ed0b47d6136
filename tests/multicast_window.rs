//! A multicast room in a window.

use crate::editor::window::Window;
use crate::multicast::lab::Lab;

#[test]
fn in_a_window_the_author_sees_own_words_as_the_others_do() {
    let Some(lab) = Lab::with(2, "w") else { return };
    let mut tesla = lab.person(1, "tesla", &[]);
    for options in [&["--nick", "mel", "--times", "off"][..], &["--nick", "mel", "--times", "off", "--directory"]] {
        let is_directory = options.len() > 4;
        let mut command = lab.client(2, "mel", options);
        command.env("TERM", "xterm");
        let mut mel = Window::open(&command, 80, 24);
        mel.expect_prompt(if is_directory { "Directory: |" } else { "#lobby> |" });
        mel.type_text(if is_directory { "chat lab\r" } else { "/chat lab\r" });
        mel.expect_prompt("[lab]> |");
        mel.type_text("hello\r/say exit\r");
        mel.expect_row("[lab] mel: hello");
        mel.expect_row("[lab] mel: exit");
        mel.paste("one\n/two");
        mel.type_text("\r");
        mel.expect_row("[lab] mel: one");
        mel.expect_row("[lab] mel: /two");
        for text in ["hello", "exit", "one", "/two"] {
            tesla.skip_to(&format!("[lab] mel: {text}"));
        }
        tesla.type_line("hello, mel");
        mel.expect_row("[lab] tesla: hello, mel");
        assert!(!mel.rows().iter().any(|row| row.starts_with("[lab]> h") || row.starts_with("[lab]> /s")));
        mel.type_text("/who\r");
        mel.expect_row("[lab]> /who");
        mel.type_text("\x04");
        mel.expect_row("You left lab");
    }
}
