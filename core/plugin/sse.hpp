// Server-sent events as bytes (HTML standard, section 9.2).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mortise::plugin {

// True when `text` may be in an event or id line: no CR, LF or NUL.
bool isOneLine(std::string_view text);
// "event: x\nid: 7\ndata: first line\ndata: second\n\n"; empty event and id are omitted. CR LF, CR and LF end a line
// of data.
std::string formatEvent(std::string_view event, std::string_view id, std::string_view data);
// The same, shared: a thread that sends one event to many streams formats and stores it once.
std::shared_ptr<const std::string> sharedEvent(std::string_view event, std::string_view id, std::string_view data);

}  // namespace mortise::plugin
