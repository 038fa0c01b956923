// The script that looks at a page and measures its elements. It runs in a world of its own beside the page: it sees the
// page's elements, while the page sees neither it nor the elements that it numbered, and can't change what it calls.
#pragma once

#include <string_view>

namespace agent::browser {

// An expression whose value is an object with these functions. Elements keep their numbers until the next view() in the
// same document.
//   view(content)             {url, title, elements: ["0:<a>text</a>"], content, above, below}; content: with Markdown
//   place(index)              {x, y} where a click meets the element, scrolled into view if need be
//   ready(index)              focuses what takes text and selects what stands there; index -1: what has the focus.
//                             {kind: "text" | "value" | "file"}
//   assign(index, text)       sets the value of a field of kind "value"
//   choose(index, option)     {chosen}: the text of the option
//   scroll(down, end)         {above, below}: pixels that are out of sight
//   element(index)            the element itself
//   adopt(element)            {index}: a number for an element that has none
// Where something is not possible, they return {fault: "why"}.
extern const std::string_view kPageScript;

}  // namespace agent::browser
