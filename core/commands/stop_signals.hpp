// The signals that ask the process to end: SIGTERM, SIGINT, SIGHUP.
#pragma once

#include <signal.h>

namespace mortise::commands {

// Blocks them for the calling thread and for those that it starts from now on, so that sigwait() gets them. One that is
// ignored already stays ignored and is not in the set: SIGHUP under nohup, SIGINT of a shell's background job. Call it
// before any other thread is started.
sigset_t blockStopSignals();

// From now on one of `signals` ends the process at once. Any thread, for all.
void letEndAtOnce(const sigset_t& signals);

}  // namespace mortise::commands
