// Addresses and message text (RFC 5322, 2045, 2047). No sockets, no files.
#pragma once

#include <string>
#include <string_view>

namespace mortise::services::mail {

struct Sender {
  std::string name;  // may be empty
  std::string address;
};

// "a@b" or "Name <a@b>". Throws ServiceError{invalid} naming `what`.
Sender parseSender(std::string_view text, std::string_view what);
// One plain address: local@domain, no blanks, no controls, at most 254 bytes; local part may be UTF-8 only when the
// relay speaks SMTPUTF8, which we don't: ASCII only.
void checkAddress(std::string_view address, std::string_view what);
// RFC 2047 encoded words when needed, folded at 75 characters.
std::string encodeHeaderText(std::string_view utf8);
std::string newMessageId(std::string_view fromAddress);  // <...@domain>

}  // namespace mortise::services::mail
