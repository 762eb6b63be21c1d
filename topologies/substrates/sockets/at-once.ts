// Many questions, a few at a time: answers come in the order of the questions.

/** At most `limit` at once. The first that fails is thrown; those under way go on. */
export async function inTurns<Item, Result>(items: readonly Item[], limit: number, act: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  await Promise.all(Array.from({ length: limit }, async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await act(items[at])
  }))
  return results
}
