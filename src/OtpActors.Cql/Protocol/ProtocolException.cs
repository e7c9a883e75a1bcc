namespace OtpActors.Cql.Protocol;

/// <summary>Bytes that are not the protocol. The connection they came on is closed: nothing after them can be trusted.</summary>
public sealed class ProtocolException(string message) : DriverException(message);
