//! All other tasks, in the order of the list.

use crate::shell::Shell;
use crate::{Result, TASKS};

pub(crate) fn run(shell: &mut Shell) -> Result {
    TASKS.iter().filter(|task| task.name != "check").try_for_each(|task| (task.run)(shell))
}
