// Names that people give themselves and that go into mails to strangers: a mail must not carry somebody else's links.
// Plain C++; texts are valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace auth {

// Would a mail client, or a reader, take a part of `text` for a link: a scheme ("https:", "tel:"), "//", "www.", a
// domain ("example.com", also with the dots and letters that IDNA maps to ASCII, like "ｅｘａｍｐｌｅ．ｃｏｍ"), or an IPv4
// address?
// Strict: "Node.js" and "Team:One" do, "St. John", "J.R.R. Tolkien", "Team: One" and "Web 2.0" do not.
bool readsAsLink(std::string_view text);

// What a mail shows of a name: the name, cut to a length that leaves the mail its own words; `otherwise` when the name
// reads as a link (names from before the rule) or is empty.
std::string nameForMail(std::string_view name, std::string_view otherwise);

// What a mail shows of the address of somebody else; empty when mail clients might take it for a web address
// ("www.example.org/x@example.com").
std::string addressForMail(std::string_view address);

}  // namespace auth
