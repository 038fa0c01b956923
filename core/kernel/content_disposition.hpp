// Content-Disposition for downloads (RFC 6266), with the name in one of two forms.
#pragma once

#include <string>
#include <string_view>

namespace mortise::kernel {

enum class NameForm {
  plainIfPossible,  // filename="plain.txt", or an ASCII fall-back before the exact name in UTF-8
  extendedOnly,     // filename*=utf-8''na%C3%AFve.txt (RFC 8187), whatever the name
};
std::string attachmentDisposition(std::string_view filename, NameForm form = NameForm::plainIfPossible);

}  // namespace mortise::kernel
