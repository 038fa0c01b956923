// The server's side of the WebSocket protocol: frames, close payloads, the accept key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::http {

// Appends one unfragmented, unmasked frame.
void appendFrame(std::string& out, std::uint8_t opcode, std::string_view payload);
// Code and reason, the reason cut at a character boundary to fit a control frame.
std::string closePayload(int code, std::string_view reason);
std::string webSocketAccept(std::string_view key);

}  // namespace mortise::http
