#include "core/identity/user_name.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>

#include "core/base/text.hpp"
#include "mortise/white_space.hpp"

namespace mortise::identity {
namespace {

constexpr std::size_t kMaxBytes = 1024;  // bytes; a family's contract says less

using Text = std::u32string;
using TextView = std::u32string_view;

const icu::Normalizer2& normalizer(const icu::Normalizer2* (*get)(UErrorCode&)) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* instance = get(error);
  if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU has no normalisation data: ") + u_errorName(error));
  return *instance;
}

Text codePoints(const icu::UnicodeString& from) {
  Text out;
  for (std::int32_t i = 0; i < from.length(); i = from.moveIndex32(i, 1))
    out.push_back(static_cast<char32_t>(from.char32At(i)));
  return out;
}

icu::UnicodeString unicodeString(TextView from) {
  icu::UnicodeString out;
  for (const auto c : from) out.append(static_cast<UChar32>(c));
  return out;
}

bool isOneOf(char32_t c, std::initializer_list<char32_t> list) {
  return std::find(list.begin(), list.end(), c) != list.end();
}

bool isBetween(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

UScriptCode scriptOf(char32_t c) {
  UErrorCode error = U_ZERO_ERROR;
  return uscript_getScript(static_cast<UChar32>(c), &error);
}

bool hasCategory(char32_t c, std::uint32_t mask) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & mask) != 0; }

// --- RFC 8264, section 9: the categories

bool isPrecisIgnorable(char32_t c) {
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
         u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_NONCHARACTER_CODE_POINT);
}

bool isOldHangulJamo(char32_t c) {
  const auto type = u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_HANGUL_SYLLABLE_TYPE);
  return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}

bool hasCompatibilityForm(char32_t c) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString one(static_cast<UChar32>(c));
  const bool same = normalizer(icu::Normalizer2::getNFKCInstance).isNormalized(one, error);
  return U_FAILURE(error) || !same;
}

// --- RFC 5892, appendix A: what depends on the characters around

constexpr std::int32_t kVirama = 9;

bool hasViramaBefore(TextView text, std::size_t at) {
  return at > 0 && u_getCombiningClass(static_cast<UChar32>(text[at - 1])) == kVirama;
}

bool joins(TextView text, std::size_t at) {
  const auto typeOf = [&](std::size_t i) {
    return u_getIntPropertyValue(static_cast<UChar32>(text[i]), UCHAR_JOINING_TYPE);
  };
  std::size_t before = at, after = at + 1;
  while (before > 0 && typeOf(before - 1) == U_JT_TRANSPARENT) --before;
  while (after < text.size() && typeOf(after) == U_JT_TRANSPARENT) ++after;
  if (before == 0 || after == text.size()) return false;
  const auto left = typeOf(before - 1), right = typeOf(after);
  return (left == U_JT_LEFT_JOINING || left == U_JT_DUAL_JOINING) &&
         (right == U_JT_RIGHT_JOINING || right == U_JT_DUAL_JOINING);
}

bool hasArabicDigits(TextView text) {
  return std::any_of(text.begin(), text.end(), [](char32_t c) { return isBetween(c, 0x660, 0x669); });
}

bool hasExtendedArabicDigits(TextView text) {
  return std::any_of(text.begin(), text.end(), [](char32_t c) { return isBetween(c, 0x6F0, 0x6F9); });
}

bool hasJapanese(TextView text) {
  return std::any_of(text.begin(), text.end(), [](char32_t c) {
    const auto script = scriptOf(c);
    return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HAN;
  });
}

// For the characters that the RFC calls CONTEXTJ and CONTEXTO; nullopt for all others.
std::optional<bool> fitsItsContext(TextView text, std::size_t at) {
  const char32_t c = text[at];
  const char32_t before = at > 0 ? text[at - 1] : 0, after = at + 1 < text.size() ? text[at + 1] : 0;
  if (c == 0x200C) return hasViramaBefore(text, at) || joins(text, at);
  if (c == 0x200D) return hasViramaBefore(text, at);
  if (c == 0xB7) return before == U'l' && after == U'l';
  if (c == 0x375) return after != 0 && scriptOf(after) == USCRIPT_GREEK;
  if (c == 0x5F3 || c == 0x5F4) return before != 0 && scriptOf(before) == USCRIPT_HEBREW;
  if (c == 0x30FB) return hasJapanese(text);
  if (isBetween(c, 0x660, 0x669)) return !hasExtendedArabicDigits(text);
  if (isBetween(c, 0x6F0, 0x6F9)) return !hasArabicDigits(text);
  return std::nullopt;
}

// RFC 8264, section 8, for the IdentifierClass.
bool isIdentifierCharacter(TextView text, std::size_t at) {
  const char32_t c = text[at];
  if (isOneOf(c, {0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007})) return true;
  if (isOneOf(c, {0x640, 0x7FA, 0x302E, 0x302F, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303B})) return false;
  if (const auto fits = fitsItsContext(text, at)) return *fits;
  if (isBetween(c, 0x21, 0x7E)) return true;
  if (isOldHangulJamo(c) || isPrecisIgnorable(c) || hasCompatibilityForm(c)) return false;
  return hasCategory(
      c, U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK);
}

// --- RFC 5893, section 2

bool keepsBidiRule(TextView text) {
  const auto directionOf = [](char32_t c) { return u_charDirection(static_cast<UChar32>(c)); };
  const auto any = [&](std::initializer_list<UCharDirection> list) {
    return std::any_of(text.begin(), text.end(),
                       [&](char32_t c) { return std::find(list.begin(), list.end(), directionOf(c)) != list.end(); });
  };
  const auto only = [&](std::initializer_list<UCharDirection> list) {
    return std::all_of(text.begin(), text.end(),
                       [&](char32_t c) { return std::find(list.begin(), list.end(), directionOf(c)) != list.end(); });
  };
  if (!any({U_RIGHT_TO_LEFT, U_RIGHT_TO_LEFT_ARABIC, U_ARABIC_NUMBER})) return true;
  const auto first = directionOf(text.front());
  auto end = text.size();
  while (end > 0 && directionOf(text[end - 1]) == U_DIR_NON_SPACING_MARK) --end;
  if (end == 0) return false;
  const auto last = directionOf(text[end - 1]);
  if (first == U_RIGHT_TO_LEFT || first == U_RIGHT_TO_LEFT_ARABIC) {
    return only({U_RIGHT_TO_LEFT, U_RIGHT_TO_LEFT_ARABIC, U_ARABIC_NUMBER, U_EUROPEAN_NUMBER,
                 U_EUROPEAN_NUMBER_SEPARATOR, U_COMMON_NUMBER_SEPARATOR, U_EUROPEAN_NUMBER_TERMINATOR, U_OTHER_NEUTRAL,
                 U_BOUNDARY_NEUTRAL, U_DIR_NON_SPACING_MARK}) &&
           (last == U_RIGHT_TO_LEFT || last == U_RIGHT_TO_LEFT_ARABIC || last == U_EUROPEAN_NUMBER ||
            last == U_ARABIC_NUMBER) &&
           !(any({U_EUROPEAN_NUMBER}) && any({U_ARABIC_NUMBER}));
  }
  return false;  // it begins left to right, and then none of these may follow
}

// --- RFC 8265, section 3

// Full- and half-width forms; nothing else that has a compatibility form.
Text withOrdinaryWidth(TextView text) {
  Text out;
  for (const auto c : text) {
    const auto type = u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_DECOMPOSITION_TYPE);
    icu::UnicodeString mapped;
    if ((type == U_DT_WIDE || type == U_DT_NARROW) &&
        normalizer(icu::Normalizer2::getNFKCInstance).getRawDecomposition(static_cast<UChar32>(c), mapped) != 0) {
      out += codePoints(mapped);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

bool isUserPart(TextView part) {
  if (part.empty() || !keepsBidiRule(part)) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!isIdentifierCharacter(part, i)) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> normalUserName(std::string_view typed) {
  const auto trimmed = withoutSpaceAround(typed);
  if (trimmed.empty() || trimmed.size() > kMaxBytes || !text::isUtf8(trimmed)) return std::nullopt;
  const auto characters = codePoints(
      icu::UnicodeString::fromUTF8(icu::StringPiece(trimmed.data(), static_cast<std::int32_t>(trimmed.size()))));
  UErrorCode error = U_ZERO_ERROR;
  const auto composed =
      normalizer(icu::Normalizer2::getNFCInstance).normalize(unicodeString(withOrdinaryWidth(characters)), error);
  if (U_FAILURE(error)) return std::nullopt;
  const auto name = codePoints(composed);
  for (std::size_t start = 0; start <= name.size();) {
    const auto end = std::min(name.find(U' ', start), name.size());
    if (!isUserPart(TextView(name).substr(start, end - start))) return std::nullopt;
    start = end + 1;
  }
  std::string out;
  composed.toUTF8String(out);
  return out;
}

}  // namespace mortise::identity
