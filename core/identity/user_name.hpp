// User names in the one form in which they are stored and compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mortise::identity {

// The profile UsernameCasePreserved of PRECIS (RFC 8265): white space around the name goes, full- and half-width forms
// become ordinary ones, then NFC. nullopt for what is no user name: an empty text, more than 1024 bytes, a text that is
// no UTF-8, two blanks in a row, a part between blanks with characters outside of PRECIS' IdentifierClass (RFC 8264:
// invisible and control characters, compatibility forms, symbols, ...) or one that breaks the Bidi rule (RFC 5893). Case
// stays. [any]
std::optional<std::string> normalUserName(std::string_view typed);

}  // namespace mortise::identity
