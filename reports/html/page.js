// What scripts add to the report: tooltips that keyboards reach too, the filter of events, the copy button. Text
// from the run enters the page as text only (textContent). Everything else on the page works without this file.
'use strict'
const { slots, readouts, points } = JSON.parse(document.getElementById('data').textContent)

const make = (tag, className, text) => {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text !== undefined) element.textContent = text
  return element
}
const number = (value) => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
  return String(Number(value.toFixed(digits)))
}
const show = (value, unit) => value === null ? '–'
  : unit === 'share' ? `${number(value * 100)} %`
    : unit === 'ms' ? (value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`)
      : String(value)
const signed = (us) => `${us < 0 ? '−' : '+'}${(Math.abs(us) / 1e6).toFixed(2)}`

/** One chart: a slider whose value is a slot of time, or one of its points. */
const charts = [...document.querySelectorAll('.area[data-panel]')].map((area) => {
  const id = area.dataset.panel
  const dots = Object.hasOwn(points, id) ? points[id] : null
  const lines = Object.hasOwn(readouts, id) ? readouts[id] : []
  const count = dots ? dots.length : slots.count
  const cursor = make('span', dots ? 'cursor point' : 'cursor')
  const tip = make('div', 'tip')
  cursor.hidden = tip.hidden = true
  area.append(cursor, tip)
  return { area, dots, lines, count, cursor, tip, at: -1 }
}).filter(({ count, dots, lines }) => count > 0 && (dots || lines.length > 0))

const leftOf = (chart, index) => chart.dots ? chart.dots[index].at : ((index + 0.5) / slots.count) * 100

function words(chart, index) {
  if (chart.dots) return { head: chart.dots[index].text.split('\n')[0], rows: [[chart.dots[index].text.split('\n')[1], '', chart.dots[index].tone]] }
  const fromUs = slots.fromUs + index * slots.widthUs - slots.zeroUs
  const head = `${signed(fromUs)} to ${signed(fromUs + slots.widthUs)} s`
  const rows = chart.lines.filter(({ values }) => values[index] !== null && (values[index] !== 0 || chart.lines.length < 4))
    .map(({ label, unit, values, tone }) => [label, show(values[index], unit), tone])
  return { head, rows }
}

function place(chart, index) {
  chart.at = index
  chart.cursor.hidden = false
  chart.cursor.style.left = `${leftOf(chart, index)}%`
  if (chart.dots) chart.cursor.style.top = `${chart.dots[index].top}%`
}

function point(chart, index) {
  for (const other of charts) {
    other.tip.hidden = true
    if (other.dots || chart.dots) other.cursor.hidden = true
    else place(other, index)
  }
  place(chart, index)
  const { head, rows } = words(chart, index)
  chart.tip.replaceChildren(make('b', '', head), ...rows.map(([label, value, tone]) => {
    const row = make('div')
    const name = make('span', tone)
    name.append(make('i', 'key'), label)
    row.append(name, make('span', '', value))
    return row
  }))
  chart.tip.hidden = false
  const room = chart.area.clientWidth
  const left = (leftOf(chart, index) / 100) * room
  const width = chart.tip.offsetWidth
  const wanted = left > room / 2 ? left - width - 14 : left + 14
  chart.tip.style.left = `${Math.max(-40, Math.min(room - width, wanted))}px`
  chart.area.setAttribute('aria-valuenow', String(index))
  chart.area.setAttribute('aria-valuetext', [head, ...rows.map(([label, value]) => `${label} ${value}`.trim())].join(', '))
}

function leave() {
  for (const { tip, cursor } of charts) tip.hidden = cursor.hidden = true
}

function nearest(chart, event) {
  const box = chart.area.getBoundingClientRect()
  const x = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))
  if (!chart.dots) return Math.min(slots.count - 1, Math.floor(x * slots.count))
  let best = 0
  let least = Infinity
  chart.dots.forEach(({ at, top }, index) => {
    const distance = Math.hypot((at / 100 - x) * box.width, (top / 100) * box.height - (event.clientY - box.top))
    if (distance < least) [best, least] = [index, distance]
  })
  return best
}

let pointer = { x: -1, y: -1 }
for (const chart of charts) {
  const { area } = chart
  area.tabIndex = 0
  area.setAttribute('role', 'slider')
  area.setAttribute('aria-label', [area.closest('figure').querySelector('h3').textContent, area.dataset.label].filter(Boolean).join(', '))
  area.setAttribute('aria-valuemin', '0')
  area.setAttribute('aria-valuemax', String(chart.count - 1))
  area.setAttribute('aria-valuenow', '0')
  // Browsers tell of a move when only the page moved: such a one must not undo what keys did.
  area.addEventListener('pointermove', (event) => {
    if (event.clientX === pointer.x && event.clientY === pointer.y) return
    pointer = { x: event.clientX, y: event.clientY }
    point(chart, nearest(chart, event))
  })
  area.addEventListener('pointerdown', (event) => point(chart, nearest(chart, event)))
  area.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') leave() })
  area.addEventListener('focus', () => { if (area.matches(':focus-visible')) point(chart, Math.max(0, chart.at)) })
  area.addEventListener('blur', leave)
  area.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.round(chart.count / 20))
    const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: page, PageDown: -page, Home: -Infinity, End: Infinity }
    if (event.key === 'Escape') return leave()
    if (!Object.hasOwn(moves, event.key)) return
    event.preventDefault()
    point(chart, Math.min(chart.count - 1, Math.max(0, Math.max(0, chart.at) + moves[event.key])))
  })
}

const filter = document.querySelector('.filter')
if (filter) {
  const rows = [...document.querySelectorAll('.events li')]
  const more = document.querySelector('.more')
  const search = filter.querySelector('[type=search]')
  const first = Number(filter.dataset.first)
  let all = false
  const apply = () => {
    const chosen = new Set([...filter.querySelectorAll('[name]:checked')].map(({ name }) => name))
    const early = filter.querySelector('[data-early]')?.checked ?? true
    const text = search.value.trim().toLowerCase()
    const matching = rows.filter((row) => chosen.has(row.dataset.category) && (early || row.dataset.early === undefined) && (text === '' || row.textContent.toLowerCase().includes(text)))
    const visible = new Set(all ? matching : matching.slice(0, first))
    for (const row of rows) row.hidden = !visible.has(row)
    more.hidden = matching.length <= visible.size
    more.textContent = `Show all ${matching.length}`
    filter.querySelector('output').textContent = `${visible.size} of ${rows.length} shown`
  }
  filter.hidden = false
  filter.addEventListener('input', apply)
  filter.addEventListener('submit', (event) => event.preventDefault())
  more.addEventListener('click', () => { all = true; apply() })
  apply()
}

for (const button of document.querySelectorAll('.copy button')) {
  if (!navigator.clipboard) continue
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent)
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = 'Copy' }, 1500)
  })
}
