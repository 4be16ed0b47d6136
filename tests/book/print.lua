-- Makes one book of the chapters: the first heading of README.md is its title, links between chapters stay in the book,
-- and links to files of the project become their paths (in print) or lead to the files (on the screen).
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
    if is_print then
      -- A reader of paper needs the whole path where the text is only a name.
      if path:match("[^/]+$") == pandoc.utils.stringify(link.content) then return pandoc.Span({ pandoc.Code(path) }) end
      return pandoc.Span(link.content)
    end
    link.target = source .. path .. (anchor ~= "" and "#" .. anchor or "")
    return link
  end
end

function Pandoc(document)
  local blocks, number, seen = pandoc.List(), 0, {}
  local slice = pandoc.List()
  local function finish()
    if number > 0 then
      blocks:extend(pandoc.walk_block(pandoc.Div(slice), { Link = link_in(chapters[number]) }).content)
    end
    slice = pandoc.List()
  end
  for _, block in ipairs(document.blocks) do
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
