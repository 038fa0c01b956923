// The part of call/1 that continues after the handler has returned: event streams and WebSockets.
#pragma once

#include "mortise/abi/call.h"

namespace mortise::plugin {
extern "C" {

mortise_stream* streamOpen(mortise_call* call, const mortise_stream_options* options);
mortise_status streamEvent(mortise_stream* stream, mortise_str event, mortise_str id, mortise_str data);
mortise_status streamWrite(mortise_stream* stream, mortise_str bytes);
size_t streamQueued(mortise_stream* stream);
void streamClose(mortise_stream* stream);
void streamAbort(mortise_stream* stream);
void streamRelease(mortise_stream* stream);

size_t offeredSubprotocols(mortise_call* call, mortise_str* names, size_t capacity);
mortise_websocket* webSocketUpgrade(mortise_call* call, const mortise_websocket_options* options);
mortise_status webSocketSend(mortise_websocket* socket, int32_t binary, mortise_str message);
void webSocketClose(mortise_websocket* socket, int32_t code, mortise_str reason);
void webSocketPause(mortise_websocket* socket, int32_t paused);
size_t webSocketQueued(mortise_websocket* socket);
void webSocketRelease(mortise_websocket* socket);

}  // extern "C"
}  // namespace mortise::plugin
