package io.github.mcppersist.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.ReservedPort;

/**
 * A Redis that is reached over TLS, with a certificate for {@code localhost} and
 * {@code 127.0.0.1} that only those trust who are told to. Where the machine's
 * {@code redis-server} was built without TLS, a proxy in front of it terminates TLS: to a
 * client it is all the same.
 */
public final class RedisTls implements AutoCloseable {

	private static final char[] PASSWORD = "changeit".toCharArray();

	private final Path directory;

	private final RedisServer server;

	private final RedisProxy proxy;

	private final ReservedPort reserved;

	private final int port;

	private RedisTls(Path directory, RedisServer server, RedisProxy proxy, ReservedPort reserved, int port) {
		this.reserved = reserved;
		this.directory = directory;
		this.server = server;
		this.proxy = proxy;
		this.port = port;
	}

	/**
	 * Make a certificate and start the server.
	 * @return the running server
	 */
	public static RedisTls start() {
		return start(false);
	}

	static RedisTls start(boolean alwaysProxy) {
		try {
			Path directory = Files.createTempDirectory("mcp-persist-redis-tls-");
			KeyStore keys = makeKeys(directory);
			if (alwaysProxy) {
				return behindProxy(directory, keys);
			}
			ReservedPort port = ReservedPort.find();
			try {
				RedisServer server = RedisServer.start("tls-port " + port.number(), "tls-auth-clients no",
						"tls-cert-file " + directory.resolve("certificate.pem"),
						"tls-key-file " + directory.resolve("key.pem"),
						"tls-ca-cert-file " + directory.resolve("certificate.pem"));
				return new RedisTls(directory, server, null, port, port.number());
			}
			catch (IllegalStateException ex) {
				port.close();
				if (!isBuiltWithoutTls(ex.getMessage())) {
					throw ex;
				}
				return behindProxy(directory, keys);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("Can't make a certificate", ex);
		}
	}

	/**
	 * Say why a server didn't start: without TLS it knows none of its directives.
	 * @param failure says what the server has logged
	 * @return whether that is why
	 */
	static boolean isBuiltWithoutTls(String failure) {
		return failure.matches("(?s).*>>> 'tls-port \\d+'\\s+Bad directive.*");
	}

	private static RedisTls behindProxy(Path directory, KeyStore keys) throws GeneralSecurityException {
		RedisServer server = RedisServer.start();
		RedisProxy proxy = RedisProxy.to(server.port(), context(keys).getServerSocketFactory());
		return new RedisTls(directory, server, proxy, null, proxy.port());
	}

	private static KeyStore makeKeys(Path directory) throws IOException, GeneralSecurityException {
		Path file = directory.resolve("keys.p12");
		Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
				"-genkeypair", "-alias", "redis", "-keyalg", "RSA", "-keysize", "2048", "-validity", "2", "-dname",
				"CN=localhost", "-ext", "san=dns:localhost,ip:127.0.0.1", "-ext", "bc=ca:true", "-storetype", "PKCS12",
				"-keystore", file.toString(), "-storepass", new String(PASSWORD))
			.redirectErrorStream(true)
			.redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.start();
		try {
			if (!keytool.waitFor(120, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
				throw new IllegalStateException("The JDK's keytool made no certificate");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while keytool runs", ex);
		}
		KeyStore keys = KeyStore.getInstance("PKCS12");
		try (InputStream input = Files.newInputStream(file)) {
			keys.load(input, PASSWORD);
		}
		pem(directory.resolve("certificate.pem"), "CERTIFICATE", keys.getCertificate("redis").getEncoded());
		pem(directory.resolve("key.pem"), "PRIVATE KEY", keys.getKey("redis", PASSWORD).getEncoded());
		return keys;
	}

	private static void pem(Path file, String type, byte[] content) throws IOException {
		String body = Base64.getMimeEncoder(64, new byte[] { '\n' }).encodeToString(content);
		Files.writeString(file, "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n");
	}

	private static SSLContext context(KeyStore keys) throws GeneralSecurityException {
		KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
		managers.init(keys, PASSWORD);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(managers.getKeyManagers(), null, null);
		return context;
	}

	/**
	 * Return the port that speaks TLS.
	 * @return the port on the loopback address
	 */
	public int port() {
		return this.port;
	}

	/**
	 * Return the address as clients take it.
	 * @return a URI such as {@code rediss://127.0.0.1:11001}
	 */
	public String uri() {
		return "rediss://127.0.0.1:" + this.port;
	}

	/**
	 * Return the certificate that clients have to trust.
	 * @return a PEM file
	 */
	public Path certificate() {
		return this.directory.resolve("certificate.pem");
	}

	/**
	 * Return the server behind, which also listens without TLS.
	 * @return the server
	 */
	public RedisServer server() {
		return this.server;
	}

	@Override
	public void close() {
		if (this.proxy != null) {
			this.proxy.close();
		}
		this.server.close();
		if (this.reserved != null) {
			this.reserved.close();
		}
		for (String file : new String[] { "keys.p12", "certificate.pem", "key.pem", "" }) {
			this.directory.resolve(file).toFile().delete();
		}
	}

}
