// Run by the image when it sets the server up, in MONGO_INITDB_DATABASE: the service's user, for this database alone.
db.createUser({
  user: "otpactors",
  pwd: process.env.OTPACTORS_PASSWORD,
  roles: [{ role: "readWrite", db: db.getName() }],
});
