// A Bluesky of our own on the loopback address: directory (PLC), account server (PDS), app view. Prints one line of
// JSON when all of it is up: where people log in, and an address that answers once everything written has been indexed.
'use strict'

const http = require('node:http')
const net = require('node:net')

// The test network listens on every address of the machine; a test has no business there.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (where, ...rest) {
  if (typeof where === 'number' && typeof rest[0] !== 'string') rest.unshift('127.0.0.1')
  if (where && typeof where === 'object' && where.port !== undefined && !where.host) where = { ...where, host: '127.0.0.1' }
  return listen.call(this, where, ...rest)
}

require('@atproto/dev-env/dist/env')
const { TestNetwork } = require('@atproto/dev-env')

async function main() {
  const network = await TestNetwork.create({
    pds: { hostname: 'localhost', enableDidDocWithSession: true },
    bsky: { dbPostgresSchema: 'bluesky' },
  })
  const settled = http.createServer((_, answer) => {
    network.processAll().then(
      () => answer.end('settled'),
      (e) => answer.writeHead(500).end(String(e)),
    )
  })
  settled.listen(0, () => {
    const address = `http://127.0.0.1:${settled.address().port}`
    console.log(JSON.stringify({ service: network.pds.url, settled: address }))
  })
}

main().catch((e) => {
  console.error(e)
  process.exit(1)
})
