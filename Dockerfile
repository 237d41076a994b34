# docker build -t samlauth .
# docker run -it -v ~/.aws:/root/.aws samlauth -u USER -I IDPID -S SPID -p sts-temp
#
# Root by default, because that is whose ~/.aws is mounted above; files come out with the owner of
# the folder they lie in. As yourself:
# docker run -it --user $(id -u):$(id -g) -e HOME=/home/app -v ~/.aws:/home/app/.aws samlauth …
#
# Nothing is written outside ~/.aws: --read-only works with both.
ARG PYTHON=python:3.13-slim

FROM $PYTHON AS build
# Such as [secrets] or [sandbox].
ARG EXTRAS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY . .
# Nothing else than what requirements/ names by hash. The wheel just made has its hash, too, for pip
# takes none without where others have one.
ENV PYTHONPATH=/pip
RUN pip install --target /pip --require-hashes -r requirements/pip.txt \
 && python -m pip wheel --no-deps --wheel-dir /made . \
 && echo "samlauth$EXTRAS @ file://$(ls /made/*.whl) --hash=sha256:$(cat /made/*.whl | sha256sum | cut -c-64)" > /made/wheel.txt \
 && python -m venv --without-pip /opt/samlauth \
 && python -m pip --python /opt/samlauth/bin/python install --require-hashes -r /made/wheel.txt -c requirements/test.txt

FROM $PYTHON
COPY --from=build /opt/samlauth /opt/samlauth
ENV PATH=/opt/samlauth/bin:$PATH
ENTRYPOINT ["samlauth"]
