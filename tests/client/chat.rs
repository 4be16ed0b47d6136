//! Scripts that talk in multicast rooms.

use super::person::Home;
use crate::harness::Server;

#[test]
fn a_script_that_does_not_get_into_its_room_ends_there() {
    let server = Server::start(&[]);
    let home = Home::calling(server.addresses[0]);
    let mut script = home.script(&["--directory", "--nick", "mel"], "chat lab\nmakeroom attic 239.1.2.3 4000\n");
    script.expect_lines(&[
        "The directory of multicast rooms: *",
        "You are connected to * as mel",
        "There is no such room in the directory",
    ]);
    script.expect_refused("line 1 (chat lab): There is no such room in the directory");
    let mut script = home.script(&["--nick", "mel"], "/chat lab\nhello\n");
    script.skip_to("Nothing was sent: you are talking to nobody; *");
    script.expect_refused("line 1 (/chat lab): There is no such room in the directory; also refused: line 2");
}
