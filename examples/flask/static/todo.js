const form = document.querySelector('form')
const title = document.querySelector('#title')
const list = document.querySelector('ul')
const alert = document.querySelector('[role=alert]')

// The page brings the list as it is, so that nobody has to ask twice for it.
show(JSON.parse(list.dataset.todos))

form.addEventListener('submit', async event => {
  event.preventDefault()
  if (await ask('POST', '/api/todos', { title: title.value })) form.reset()
})

list.addEventListener('change', ({ target }) => {
  void ask('PATCH', `/api/todos/${numberOf(target)}`, { done: target.checked })
})

list.addEventListener('click', ({ target }) => {
  if (target.closest('button')) void ask('DELETE', `/api/todos/${numberOf(target)}`)
})

function numberOf(element) {
  return element.closest('li').dataset.number
}

/** Changes something, and shows the list as it is then. Whether it could be changed. */
async function ask(method, path, body) {
  try {
    const response = await fetch(path, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    alert.textContent = response.ok ? '' : (await response.json()).error
    show(await (await fetch('/api/todos')).json())
    return response.ok
  } catch {
    alert.textContent = 'The list cannot be reached at the moment.'
    return false
  }
}

function show(todos) {
  list.replaceChildren(...todos.map(itemOf))
}

function itemOf({ number, title, done }) {
  const item = document.createElement('li')
  item.dataset.number = number
  item.classList.toggle('done', done)
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: done })
  const label = document.createElement('label')
  label.append(box, ` ${title}`)
  const remove = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' })
  remove.ariaLabel = `Delete ${title}`
  item.append(label, remove)
  return item
}
