-- Makes one book of the chapters: the first heading of README.md is its title, pictures become figures with a number and a
-- caption, links to chapters and pictures stay in the book, and links to files of the project become their paths (in print)
-- or lead to the files (on the screen).
-- Environment: CHAPTERS, the files in their order; MEDIUM, print or screen; SOURCE, where the files are for the screen.

local chapters = {}
for file in os.getenv("CHAPTERS"):gmatch("%S+") do
  chapters[#chapters + 1] = file:match("([^/]+)%.md$")
end
local is_chapter = {}
for _, name in ipairs(chapters) do is_chapter[name] = true end
local is_print = os.getenv("MEDIUM") == "print"
local source = os.getenv("SOURCE") or ""

-- The anchor that GitHub gives to a heading.
local function slug(text)
  text = text:lower():gsub("[^%w%s_\128-\255-]", "")
  return (text:gsub("%s", "-"))
end

-- A path from the root of the project, of a link in a file of report/.
local function from_root(path)
  local parts = { "report" }
  for part in path:gmatch("[^/]+") do
    if part == ".." then parts[#parts] = nil elseif part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

-- The identifier of the figure that shows a picture first, by the picture's path.
local figures, number_of_figures = {}, 0

-- A picture alone in its paragraph is a figure. Its caption is the emphasis below it, or else what stands in its place for
-- those who do not see it.
local function figure(paragraph)
  local image, last = paragraph.content[1], paragraph.content[#paragraph.content]
  local is_captioned = last.t == "Emph" and #paragraph.content == 3
  if image.t ~= "Image" or not (is_captioned or image == last) then return nil end
  local path = from_root(image.src)
  number_of_figures = number_of_figures + 1
  local id = ""
  if not figures[path] then
    figures[path] = "figure-" .. path:gsub("^report/", ""):gsub("%.%w+$", ""):gsub("/", "-")
    id = ' id="' .. figures[path] .. '"'
  end
  local caption = pandoc.List({ pandoc.Str("Figure " .. number_of_figures .. ". ") })
  caption:extend(is_captioned and last.content or image.caption)
  return {
    pandoc.RawBlock("html", "<figure" .. id .. ">"), pandoc.Plain({ image }),
    pandoc.RawBlock("html", "<figcaption>"), pandoc.Plain(caption), pandoc.RawBlock("html", "</figcaption></figure>"),
  }
end

-- A paragraph that ends with a colon stays with what follows.
local function paragraph(block)
  if #block.content == 0 then return nil end
  if pandoc.utils.stringify(block.content):match(":$") then return pandoc.Div({ block }, { class = "lead" }) end
  return figure(block)
end

local function link_in(chapter)
  return function(link)
    local target = link.target
    if target:match("^%a+:") then return nil end
    local file, anchor = target:match("^([^#]*)#?(.*)$")
    local name = file == "" and chapter or file:match("^([^/]+)%.md$")
    if name and is_chapter[name] then
      link.target = "#" .. name .. (anchor ~= "" and "--" .. anchor or "")
      return link
    end
    local path = from_root(file)
    if figures[path] then
      link.target = "#" .. figures[path]
      return link
    end
    if is_print then
      -- A reader of paper needs the whole path where the text is only a name.
      if path:match("[^/]+$") == pandoc.utils.stringify(link.content) then return pandoc.Span({ pandoc.Code(path) }) end
      return pandoc.Span(link.content)
    end
    link.target = source .. path .. (anchor ~= "" and "#" .. anchor or "")
    return link
  end
end

-- Characters that fit beside each other in a table on paper.
local LINE = 100
-- A word may go on in the next line after it.
local MARK = "\u{200b}"

-- The columns of a table are as wide as their text asks for, not as the dashes below their titles. On paper, where a
-- wide table cannot be scrolled, each gets its longest word, and its share of what is left.
local function set_widths(tab)
  local simple = pandoc.utils.to_simple_table(tab)
  local rows = { simple.headers, table.unpack(simple.rows) }
  local least, text, longest, sums = {}, {}, 0, { least = 0, text = 0 }
  for column = 1, #tab.colspecs do
    local most = 0
    least[column], text[column] = 1, 1
    for _, row in ipairs(rows) do
      local cell = pandoc.utils.stringify(row[column])
      most = math.max(most, utf8.len(cell) or #cell)
      text[column] = text[column] + #cell:gsub(MARK, "")
      for word in cell:gsub(MARK, " "):gmatch("[^%s/-]+") do
        least[column] = math.max(least[column], 1.15 * (utf8.len(word) or #word) + 3)
      end
    end
    longest = longest + most
    sums.least, sums.text = sums.least + least[column], sums.text + text[column]
  end
  for column, spec in ipairs(tab.colspecs) do
    spec[2] = nil
    if is_print and longest > LINE then
      local left = math.max(LINE - sums.least, 0)
      spec[2] = (least[column] + left * text[column] / sums.text) / math.max(LINE, sums.least)
    end
  end
  return tab
end

-- On paper a page does not end below the first row of a table, above its last one, or above a row without a subject of its
-- own: such rows get one body. The block before the table has a height, but takes no room.
local function keep_rows(tab)
  local bodies, rows = pandoc.List(), tab.bodies[1].body
  for number, row in ipairs(rows) do
    local is_own = number > 2 and number < #rows and #row.cells[1].contents > 0
    if number == 1 or is_own then
      bodies:insert({ attr = pandoc.Attr(), head = {}, body = {}, row_head_columns = 0 })
    end
    table.insert(bodies[#bodies].body, row)
  end
  tab.bodies = bodies
  if #rows < 8 then tab.classes:insert("short") end
  return { pandoc.Div({}, { class = "room" }), tab }
end

-- A long path or name may go on in the next line, at these places. What is copied from the screen stays as it is.
local function breakable(code)
  if #code.text <= 12 then return nil end
  local mark = is_print and MARK or "<wbr>"
  local text = is_print and code.text or code.text:gsub("&", "&amp;"):gsub("<", "&lt;")
  text = text:gsub("::", "%0" .. mark):gsub("[/_=,]", "%0" .. mark):gsub("%(([^)])", "(" .. mark .. "%1")
  if is_print then return pandoc.Code(text) end
  return pandoc.RawInline("html", "<code>" .. text .. "</code>")
end

function Pandoc(document)
  local blocks, number, seen = pandoc.List(), 0, {}
  local slice = pandoc.List()
  local function finish()
    if number > 0 then
      local all = pandoc.Div(slice):walk({ Link = link_in(chapters[number]) })
      all = all:walk({ Code = breakable }):walk({ Table = set_widths })
      blocks:extend((is_print and all:walk({ Table = keep_rows }) or all).content)
    end
    slice = pandoc.List()
  end
  for _, block in ipairs(document:walk({ Para = paragraph }).blocks) do
    if block.t == "Header" then
      if block.level == 1 then
        finish()
        number, seen = number + 1, {}
        block.identifier = chapters[number]
      else
        local name = slug(pandoc.utils.stringify(block.content))
        local count = seen[name]
        seen[name] = (count or 0) + 1
        block.identifier = chapters[number] .. "--" .. name .. (count and "-" .. count or "")
      end
    end
    if block.t == "Header" and block.level == 1 and number == 1 then
      document.meta.title = block.content
    else
      slice:insert(block)
    end
  end
  finish()
  assert(number == #chapters, "each chapter has one heading of the first level")
  document.blocks = blocks
  return document
end
