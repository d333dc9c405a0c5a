/** `/admin`, `/über` and `/read` as a client can spell them; `/files/**` is rewritten to what stands behind it. */
export const guardedSpellings: readonly string[] =
  `/admin /admin/ /admin/x /admin? /admin?x=/public //admin ///admin//x /./admin /x/../admin /admin/. /admin/..//admin
  /%61dmin /%61%64%6d%69%6e /admi%6E /%2e/admin /x/%2e%2e/admin /x/.%2E/admin /ADMIN /Admin/x /aDmIn /%41DMIN
  /admin;x /admin/public/../x /admin/publicX /admin/public%2f..%2fx /%2fadmin /admin%2f /admin%5cx /\\admin /admin%00
  /%252e/../admin /files/admin /files/ADMIN /files/x/../admin /files/%61dmin /files//admin http://localhost/admin
  http://localhost//admin /%C3%BCber /%c3%bcBER /%C3%9CBER /files/%C3%BCber /files/%C3%9CBER /read`.split(/\s+/)

/** Those that mean something else: they show that the rules themselves are not why the others are refused. */
export const openSpellings: readonly string[] = '/ /adminx /admin/public /admin/public/x /admi /files/x /x/admin'.split(
  ' ',
)
